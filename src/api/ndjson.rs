//! Cutting a stream into lines, in bounded memory.
//!
//! **In scope**: line feeds and the length of a line. **Out of scope**: what a line says.

/// A line is longer than is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a line has at most {bytes_max} bytes")]
pub(super) struct LineTooLong {
    /// The bound, in bytes, without the line feed.
    pub(super) bytes_max: usize,
}

/// Lines out of chunks that may end anywhere.
#[derive(Debug)]
pub(super) struct Lines {
    bytes_max: usize,
    /// What was pushed and not yet taken; beyond `taken`.
    buffer: Vec<u8>,
    /// Bytes at the front that were handed out already.
    taken: usize,
    /// Bytes behind `taken` that are known to hold no line feed.
    searched: usize,
}

impl Lines {
    /// Lines of at most `bytes_max` bytes.
    pub(super) const fn new(bytes_max: usize) -> Self {
        Self { bytes_max, buffer: Vec::new(), taken: 0, searched: 0 }
    }

    /// Adds what arrived. Take every line before the next push: what is kept is then one line.
    pub(super) fn push(&mut self, chunk: &[u8]) {
        self.buffer.drain(..self.taken);
        self.taken = 0;
        self.buffer.extend_from_slice(chunk);
    }

    /// The next complete line, without its line feed; `None` if more must arrive.
    pub(super) fn next(&mut self) -> Result<Option<Vec<u8>>, LineTooLong> {
        let (_, rest) = self.buffer.split_at(self.taken);
        let (_, unsearched) = rest.split_at(self.searched);
        let Some(found) = unsearched.iter().position(|byte| *byte == b'\n') else {
            self.searched = rest.len();
            return self.check(rest.len()).map(|()| None);
        };
        let bytes = self.searched + found;
        self.check(bytes)?;
        let line = rest.iter().take(bytes).copied().collect();
        self.taken += bytes + 1;
        self.searched = 0;
        Ok(Some(line))
    }

    /// What stands behind the last line feed, once the stream ended as it should; `None` if
    /// nothing does.
    pub(super) fn last(mut self) -> Option<Vec<u8>> {
        let rest = self.buffer.split_off(self.taken);
        Some(rest).filter(|rest| !rest.is_empty())
    }

    const fn check(&self, bytes: usize) -> Result<(), LineTooLong> {
        if bytes > self.bytes_max { Err(LineTooLong { bytes_max: self.bytes_max }) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    //! Goal: the lines do not depend on how the stream was cut. Method: against `split`.

    use proptest::prelude::*;

    use super::*;

    /// The lines, and what the stream ends with.
    type Cut = (Vec<Vec<u8>>, Result<Option<Vec<u8>>, LineTooLong>);

    fn cut(chunks: &[&[u8]], bytes_max: usize) -> Cut {
        let mut lines = Lines::new(bytes_max);
        let mut found = Vec::new();
        for chunk in chunks {
            lines.push(chunk);
            loop {
                match lines.next() {
                    Ok(Some(line)) => found.push(line),
                    Ok(None) => break,
                    Err(error) => return (found, Err(error)),
                }
            }
        }
        (found, Ok(lines.last()))
    }

    #[test]
    fn a_long_line_ends_it_after_the_last_complete_one() {
        let (lines, end) = cut(&[b"ab\nabc\nabcd\nab\n"], 3);
        assert_eq!(lines, [b"ab".to_vec(), b"abc".to_vec()]);
        assert_eq!(end, Err(LineTooLong { bytes_max: 3 }));
        let (lines, end) = cut(&[b"a\n", b"bcd", b"e"], 3);
        assert_eq!(lines, [b"a".to_vec()]);
        assert!(end.is_err(), "found before its line feed arrives");
    }

    #[test]
    fn empty_lines_are_lines_and_an_empty_rest_is_none() {
        assert_eq!(cut(&[b"\n\na\n"], 9), (vec![vec![], vec![], b"a".to_vec()], Ok(None)));
        assert_eq!(cut(&[b"a\nb"], 9), (vec![b"a".to_vec()], Ok(Some(b"b".to_vec()))));
    }

    proptest! {
        #[test]
        fn cuts_do_not_matter(text in "[ab\n]{0,64}", sizes in prop::collection::vec(1_usize..9, 0..64)) {
            let mut rest = text.as_bytes();
            let mut chunks = Vec::new();
            for size in sizes {
                let (chunk, after) = rest.split_at(size.min(rest.len()));
                chunks.push(chunk);
                rest = after;
            }
            chunks.push(rest);
            let (mut lines, end) = cut(&chunks, 64);
            lines.extend(end.expect("no line is longer than the text"));
            let mut expected: Vec<_> = text.split('\n').map(|line| line.as_bytes().to_vec()).collect();
            if expected.last().is_some_and(Vec::is_empty) {
                expected.pop();
            }
            prop_assert_eq!(lines, expected);
        }
    }
}
