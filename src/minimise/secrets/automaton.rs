//! Many byte strings looked for at once in a stream, one table look-up a byte.
//!
//! The construction is that of Aho and Corasick (CACM 18:6, 1975), completed to a
//! deterministic automaton. Its state is all that a chunk border has to carry over, so
//! that a string split between two chunks is found like any other.

use std::collections::VecDeque;

use zeroize::Zeroizing;

/// Most states: what a `u16` numbers. A few hundred short strings fit many times over.
const STATES_MAX: usize = 1 << 16;
const ALPHABET: usize = 256;

/// The compiled strings. Wiped when dropped, because the strings may be keys.
pub(super) struct Automaton {
    next: Zeroizing<Vec<u16>>,
    /// Position of the string that ends in a state, or of a shorter one that ends there too.
    found: Vec<Option<usize>>,
}

/// The strings need more states than there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooManyStates;

/// Where the automaton stands between two bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct State(u16);

impl Automaton {
    /// Compiles `strings`; empty ones are ignored.
    pub(super) fn new<S: AsRef<[u8]>>(strings: &[S]) -> Result<Self, TooManyStates> {
        let mut trie = Trie::new();
        for (at, string) in strings.iter().enumerate() {
            trie.insert(string.as_ref(), at)?;
        }
        Ok(trie.complete())
    }

    /// Reads one byte; the position of a string that ends with it, if one does.
    pub(super) fn step(&self, state: &mut State, byte: u8) -> Option<usize> {
        let cell = usize::from(state.0) * ALPHABET + usize::from(byte);
        // Every state has a full row, so the default is never taken.
        state.0 = self.next.get(cell).copied().unwrap_or_default();
        self.found.get(usize::from(state.0)).copied().flatten()
    }
}

struct Trie {
    /// 0 is both the root and "no edge": no edge leads back to the root in a trie.
    next: Zeroizing<Vec<u16>>,
    found: Vec<Option<usize>>,
}

impl Trie {
    fn new() -> Self {
        Self { next: Zeroizing::new(vec![0; ALPHABET]), found: vec![None] }
    }

    fn edge(&self, state: u16, byte: u8) -> u16 {
        self.next.get(usize::from(state) * ALPHABET + usize::from(byte)).copied().unwrap_or_default()
    }

    fn set_edge(&mut self, state: u16, byte: u8, to: u16) {
        if let Some(cell) = self.next.get_mut(usize::from(state) * ALPHABET + usize::from(byte)) {
            *cell = to;
        }
    }

    fn insert(&mut self, string: &[u8], at: usize) -> Result<(), TooManyStates> {
        let mut state = 0;
        for &byte in string {
            let mut to = self.edge(state, byte);
            if to == 0 {
                if self.found.len() >= STATES_MAX {
                    return Err(TooManyStates);
                }
                to = u16::try_from(self.found.len()).map_err(|_| TooManyStates)?;
                self.grow();
                self.set_edge(state, byte, to);
            }
            state = to;
        }
        match self.found.get_mut(usize::from(state)) {
            Some(slot) if state != 0 => *slot = Some(at),
            _ => {}
        }
        Ok(())
    }

    /// Adds one empty row. A grown vector moves, and the old place would keep the keys: so it is
    /// copied by hand and the old one wiped when it is dropped.
    fn grow(&mut self) {
        if self.next.capacity() < self.next.len() + ALPHABET {
            let mut larger = Zeroizing::new(Vec::with_capacity(self.next.len() * 2 + ALPHABET));
            larger.extend_from_slice(&self.next);
            self.next = larger;
        }
        let len = self.next.len();
        self.next.resize(len + ALPHABET, 0);
        self.found.push(None);
    }

    /// Gives each missing edge the target that the longest proper suffix would have.
    /// Breadth first, because the suffix of a state is shorter and so was completed before.
    fn complete(mut self) -> Automaton {
        let mut suffix_of = vec![0_u16; self.found.len()];
        let mut queue = VecDeque::from([0_u16]);
        while let Some(state) = queue.pop_front() {
            let suffix = suffix_of.get(usize::from(state)).copied().unwrap_or_default();
            for byte in 0..=u8::MAX {
                let to = self.edge(state, byte);
                let fallback = if state == 0 { 0 } else { self.edge(suffix, byte) };
                if to == 0 {
                    self.set_edge(state, byte, fallback);
                    continue;
                }
                if let Some(slot) = suffix_of.get_mut(usize::from(to)) {
                    *slot = fallback;
                }
                let inherited = self.found.get(usize::from(fallback)).copied().flatten();
                if let Some(slot) = self.found.get_mut(usize::from(to)) {
                    *slot = slot.or(inherited);
                }
                queue.push_back(to);
            }
        }
        Automaton { next: self.next, found: self.found }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Method: the same answer as a naive search for the longest string ending at each byte.
        #[test]
        fn agrees_with_a_naive_search(
            strings in proptest::collection::vec("[ab]{1,4}", 1..6),
            text in "[abc]{0,40}",
        ) {
            let automaton = Automaton::new(&strings).expect("few states");
            let mut state = State::default();
            for (at, byte) in text.bytes().enumerate() {
                let found = automaton.step(&mut state, byte).map(|n| strings[n].len());
                let ends_here = |s: &&String| text[..=at].ends_with(s.as_str());
                prop_assert_eq!(found, strings.iter().filter(ends_here).map(String::len).max());
            }
        }
    }

    #[test]
    fn refuses_more_states_than_it_can_number() {
        assert!(Automaton::new(&[vec![0_u8; STATES_MAX]]).is_err());
        assert!(Automaton::new(&[vec![0_u8; STATES_MAX - 1]]).is_ok());
    }
}
