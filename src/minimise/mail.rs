//! Mail: where one message of an mbox ends, when it is from, and the few facts of its header
//! that are not content.
//!
//! The subject is content, and so is the name before an address, in which a whole message
//! fits (S-98). A row of header facts therefore takes from an allow-list: the bare addresses
//! of From, To and Cc, the instant, the Message-ID, the size. Nothing else, and each only if
//! it has the narrow form that it should have.

use mail_parser::{HeaderName, HeaderValue, MessageParser};

use crate::model::class::DataClass;
use crate::model::time::Timestamp;

use super::csv;
use super::names;
use super::selection::Field;

/// Longest header of a message that is read, in bytes, the envelope line included.
pub const HEADER_BYTES_MAX: usize = 1 << 18;
/// Longest message, in bytes: larger ones are withheld, counted, for a person to look at.
pub const MESSAGE_BYTES_MAX: u64 = 1 << 32;
/// Longest address in bytes: an RFC 5321 mailbox.
const ADDRESS_BYTES_MAX: usize = 320;
/// Longest Message-ID in bytes: a line of RFC 5322 without its end.
const MESSAGE_ID_BYTES_MAX: usize = 998;

/// The fields of class `content_stored` that a message consists of. It is kept whole or not at
/// all, so a scope that lists fields must list every one of these.
pub const MESSAGE_FIELDS: [&str; 3] = ["message_body", "subject_line", "attachment"];

/// A column of the header rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderColumn {
    /// The instant by which the message was selected.
    Date,
    /// Addresses of From.
    From,
    /// Addresses of To.
    To,
    /// Addresses of Cc.
    Cc,
    /// The Message-ID.
    MessageId,
    /// The message's size in bytes.
    Size,
}

impl HeaderColumn {
    /// The columns in their order.
    pub const ALL: [Self; 6] = [Self::Date, Self::From, Self::To, Self::Cc, Self::MessageId, Self::Size];

    /// The name in the header row of the CSV.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::From => "from",
            Self::To => "to",
            Self::Cc => "cc",
            Self::MessageId => "message_id",
            Self::Size => "size_bytes",
        }
    }

    /// The field of the policy's dictionary that it is.
    #[must_use]
    pub fn field(self) -> Field {
        let name = match self {
            Self::Date => "message_timestamps",
            Self::From | Self::To | Self::Cc => "to_from_cc_bcc",
            Self::MessageId => "message_id",
            Self::Size => "message_sizes",
        };
        Field { class: DataClass::RecordsOther, name: name.to_owned() }
    }
}

/// What the header of a message says, as far as a noncontent order may see it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// The instant, by the envelope or the topmost Received where there is one.
    pub time: Option<Timestamp>,
    from: Vec<String>,
    to: Vec<String>,
    cc: Vec<String>,
    message_id: Option<String>,
}

/// Whether a line that begins a line after a blank one begins a message of an mbox.
#[must_use]
pub fn is_separator(line: &[u8]) -> bool {
    line.starts_with(b"From ")
}

/// Whether a line ends a header.
#[must_use]
pub fn is_blank(line: &[u8]) -> bool {
    matches!(line, b"\n" | b"\r\n")
}

impl Facts {
    /// Reads the header of one message: `bytes` ends after the blank line or with the message.
    /// In an mbox they begin with the envelope line.
    ///
    /// The sender's own `Date` decides only where neither an envelope nor a Received line
    /// is there to say better; a Received line that cannot be read leaves it undated.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Self {
        let (envelope, header) = if is_separator(bytes) {
            let end = bytes.iter().position(|&b| b == b'\n').map_or(bytes.len(), |at| at + 1);
            let (line, header) = bytes.split_at(end);
            (envelope_time(line), header)
        } else {
            (None, bytes)
        };
        let mut facts = Self { time: envelope.or_else(|| header_time(header)), ..Self::default() };
        let parser = MessageParser::new().with_address_headers().with_message_ids().default_header_ignore();
        let Some(message) = parser.parse_headers(header) else { return facts };
        for header in message.headers() {
            match &header.name {
                HeaderName::From => facts.from.extend(addresses(&header.value)),
                HeaderName::To => facts.to.extend(addresses(&header.value)),
                HeaderName::Cc => facts.cc.extend(addresses(&header.value)),
                HeaderName::MessageId if facts.message_id.is_none() => {
                    facts.message_id = header.value.as_text().and_then(message_id);
                }
                _ => {}
            }
        }
        facts
    }

    /// The text of one column.
    #[must_use]
    pub fn column(&self, column: HeaderColumn, message_bytes: u64) -> String {
        match column {
            HeaderColumn::Date => self.time.map(|time| time.to_string()).unwrap_or_default(),
            // An address holds no space, so a space separates them.
            HeaderColumn::From => self.from.join(" "),
            HeaderColumn::To => self.to.join(" "),
            HeaderColumn::Cc => self.cc.join(" "),
            HeaderColumn::MessageId => self.message_id.clone().unwrap_or_default(),
            HeaderColumn::Size => message_bytes.to_string(),
        }
    }
}

/// The header row of the CSV of header facts.
pub fn print_header_names(out: &mut Vec<u8>) {
    csv::print_row(HeaderColumn::ALL.map(HeaderColumn::as_str), out);
}

/// The instant of an envelope line, RFC 4155: `From <addr> <asctime>`, UTC unless a zone stands
/// before or after the year.
fn envelope_time(line: &[u8]) -> Option<Timestamp> {
    let words: Vec<&str> = std::str::from_utf8(line).ok()?.split_ascii_whitespace().collect();
    let with_zone = |zone: &str| match zone {
        "UTC" | "GMT" | "Z" => Some("+0000".to_owned()),
        _ if zone.len() == 5 && zone.starts_with(['+', '-']) => Some(zone.to_owned()),
        _ => None,
    };
    let (date, zone) = match words.as_slice() {
        [_, .., weekday, month, day, clock, zone, year] if is_clock(clock) && with_zone(zone).is_some() => {
            ([weekday, day, month, year, clock], with_zone(zone)?)
        }
        [_, .., weekday, month, day, clock, year, zone] if is_clock(clock) && with_zone(zone).is_some() => {
            ([weekday, day, month, year, clock], with_zone(zone)?)
        }
        [_, .., weekday, month, day, clock, year] if is_clock(clock) => {
            ([weekday, day, month, year, clock], "+0000".to_owned())
        }
        _ => return None,
    };
    let [weekday, day, month, year, clock] = date;
    rfc2822(&format!("{weekday}, {day} {month} {year} {clock} {zone}"))
}

fn is_clock(word: &str) -> bool {
    word.contains(':')
}

fn header_time(header: &[u8]) -> Option<Timestamp> {
    let mut dates = Vec::new();
    for (name, value) in unfolded(header) {
        if name.eq_ignore_ascii_case("received") {
            return rfc2822(value.rsplit_once(';')?.1.trim());
        }
        if name.eq_ignore_ascii_case("date") {
            dates.push(value);
        }
    }
    // Two dates are none: who could say which one counts.
    match dates.as_slice() {
        [date] => rfc2822(date.trim()),
        _ => None,
    }
}

fn rfc2822(text: &str) -> Option<Timestamp> {
    let time = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Timestamp::from_ms(time.as_millisecond()).ok()
}

/// Header fields in their order with folding undone; what is not a field ends nothing, says nothing.
fn unfolded(header: &[u8]) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in header.split_inclusive(|&b| b == b'\n') {
        if is_blank(line) {
            break;
        }
        let line = String::from_utf8_lossy(line);
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            fields.push((name.trim_end().to_owned(), value.trim().to_owned()));
        }
    }
    fields
}

fn addresses(value: &HeaderValue<'_>) -> Vec<String> {
    let Some(list) = value.as_address() else { return Vec::new() };
    list.iter().filter_map(|addr| addr.address()).filter(|text| is_address(text)).map(str::to_owned).collect()
}

/// An address as it is written without quotes: a quoted local part could be a sentence.
fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let is_local = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let is_domain = |c: char| c.is_alphanumeric() || ".-:[]".contains(c);
    text.len() <= ADDRESS_BYTES_MAX
        && !local.is_empty()
        && !domain.is_empty()
        && !text.chars().any(names::is_deceptive)
        && local.chars().all(is_local)
        && domain.chars().all(is_domain)
}

fn message_id(text: &str) -> Option<String> {
    let fits = text.len() <= MESSAGE_ID_BYTES_MAX
        && text.split_once('@').is_some_and(|(left, right)| !left.is_empty() && !right.is_empty())
        && text
            .bytes()
            .all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b'(' | b')' | b','));
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time_of(bytes: &str) -> Option<String> {
        Facts::read(bytes.as_bytes()).time.map(|time| time.to_string())
    }

    #[test]
    fn the_envelope_counts_before_received_before_date() {
        let check = |bytes: &str, expected: Option<&str>| {
            assert_eq!(time_of(bytes).as_deref(), expected, "{bytes}");
        };
        let envelope = "From a@b.example Tue Mar  3 10:00:00 2026\n";
        let received = "Received: from x by y;\n\tWed, 4 Mar 2026 11:00:00 +0100 (CET)\n";
        let date = "Date: Thu, 5 Mar 2026 12:00:00 +0000\n";
        check(&format!("{envelope}{received}{date}\n"), Some("2026-03-03T10:00:00.000Z"));
        check(&format!("{received}Received: junk\n{date}\n"), Some("2026-03-04T10:00:00.000Z"));
        check(&format!("From a@b.example sometime\n{received}{date}\n"), Some("2026-03-04T10:00:00.000Z"));
        check(&format!("{date}\n"), Some("2026-03-05T12:00:00.000Z"));
        check("From a Tue Mar 3 10:00:00 +0200 2026\n\n", Some("2026-03-03T08:00:00.000Z"));
        check("From a Tue Mar 3 10:00:00 2026 -0800\n\n", Some("2026-03-03T18:00:00.000Z"));
        check("From a Tue Mar 3 10:00:00 UTC 2026\n\n", Some("2026-03-03T10:00:00.000Z"));
        // What cannot be read, or read in one way only, is undated.
        for bytes in [
            "",
            "Subject: x\n\n",
            "From the beginning we knew: 10:00\n",
            "From a Wed Mar 3 10:00:00 2026\n\n",
            "From a Sun Feb 30 10:00:00 2026\n\n",
            "From a Tue Mar 3 10:00:00 XYZ 2026\n\n",
            &format!("{date}{date}\n"),
            &format!("Received: from x by y; yesterday\n{date}\n"),
            &format!("Received: no date at all\n{date}\n"),
            &format!("Subject: x\n\n{date}"),
        ] {
            check(bytes, None);
        }
    }

    /// Nasty cases 36 and 37: a name, a subject or an odd address may carry a message.
    #[test]
    fn only_bare_facts() {
        let header = concat!(
            "From: \"CANARY call me at five\" <ada@mail.example>\r\n",
            "To: grp: bo@mail.example, \"CANARY bring cash\"@mail.example;, CANARY cy <cy@mail.example> (CANARY)\r\n",
            "Cc: =?utf-8?q?CANARY?= <dee@mail.example>, CANARY\r\n",
            "Subject: CANARY\r\nX-Note: CANARY\r\nBcc: CANARY@mail.example\r\nReply-To: CANARY@mail.example\r\n",
            "Message-ID: <m1@mail.example>\r\n\r\nCANARY"
        );
        let facts = Facts::read(header.as_bytes());
        let row: Vec<_> = HeaderColumn::ALL.map(|column| facts.column(column, 7)).into();
        assert!(row.iter().all(|cell| !cell.contains("CANARY")), "{row:?}");
        assert_eq!(row[1], "ada@mail.example");
        assert_eq!(row[2], "bo@mail.example cy@mail.example");
        assert_eq!(row[3], "dee@mail.example");
        assert_eq!((row[4].as_str(), row[5].as_str()), ("m1@mail.example", "7"));
        for id in ["meet me at noon@x", "<a@b", "", "a", "a@\"b\"", "ä@b"] {
            assert_eq!(message_id(id), None, "{id}");
        }
    }
}
