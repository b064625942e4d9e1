//! `index.html`: what is in the bag, for a person who opens it in a browser.
//!
//! **In scope**: one page without script, without style from elsewhere and without any
//! reference that leaves the bag. **Out of scope**: the data itself: the page links to
//! the files and shows none of them.
//!
//! Attack: text that a customer or an issuer chose reaches this page. All of it passes
//! `escape`, and a policy in the page's head forbids the browser to run or load anything.

use std::fmt::Write as _;

use super::bag::{Oxum, names as bag_names};
use super::documents::{Order, names};
use super::layout::BagPath;

/// Most files the page lists; the manifest lists all of them.
pub const LISTED_MAX: usize = 1_000;

/// What the page speaks of.
pub struct Index<'a> {
    /// The provider, as it signs letters.
    pub organization: &'a str,
    /// What was asked and approved.
    pub order: &'a Order,
    /// The payload: path and bytes.
    pub files: &'a [(BagPath, u64)],
    /// Size of the payload.
    pub oxum: Oxum,
}

const HEAD: &str = "<!DOCTYPE html>\n\
    <html lang=\"en\">\n\
    <head>\n\
    <meta charset=\"utf-8\">\n\
    <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
    <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
    <style>\n\
    body { font: 1rem/1.5 sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #111; background: #fff }\n\
    table { border-collapse: collapse } caption { text-align: left; font-weight: bold }\n\
    th, td { text-align: left; padding: .25rem .75rem; border-bottom: 1px solid #767676; overflow-wrap: anywhere }\n\
    </style>\n";

impl Index<'_> {
    /// The page.
    #[must_use]
    pub fn to_html(&self) -> String {
        let order = self.order;
        let production = escape(order.production.as_str());
        let mut page = format!(
            "{HEAD}<title>Production {production}</title>\n</head>\n<body>\n<main>\n<h1>Production {production}</h1>\n"
        );
        let facts = [
            ("Provider", escape(self.organization)),
            ("Request", escape(order.request.as_str())),
            ("Issued by", escape(&order.issuer)),
            ("Served", order.served_at.to_string()),
            ("Order (SHA-256)", order.order.sha256.to_string()),
            ("Log", escape(&order.origin.to_string())),
            (
                "Supersedes",
                order.supersedes.as_ref().map_or_else(|| "nothing".to_owned(), |id| escape(id.as_str())),
            ),
            ("Payload", format!("{} files, {} bytes", self.oxum.files, self.oxum.bytes)),
        ];
        push_table(
            &mut page,
            "This delivery",
            ["", ""],
            facts.into_iter().map(|(key, value)| [key.to_owned(), value]),
        );
        let accounts = order.accounts.iter().map(|(name, account)| [escape(name), escape(account)]);
        push_table(&mut page, "Accounts", ["Directory under data/", "Account"], accounts);
        let documents = DOCUMENTS.iter().map(|(path, text)| [link(path), (*text).to_owned()]);
        push_table(&mut page, "Documents", ["File", "What it is"], documents);
        let files = self.files.iter().take(LISTED_MAX);
        push_table(
            &mut page,
            "Data",
            ["File", "Bytes"],
            files.map(|(path, bytes)| [link(path.as_str()), bytes.to_string()]),
        );
        let unlisted = self.files.len().saturating_sub(LISTED_MAX);
        if unlisted > 0 {
            let manifest = link(bag_names::MANIFEST);
            let _ = writeln!(page, "<p>{unlisted} more files are listed in {manifest}.</p>");
        }
        page.push_str("</main>\n</body>\n</html>\n");
        page
    }
}

/// What a reader of the bag will look for first.
const DOCUMENTS: [(&str, &str); 7] = [
    (names::ORDER, "What was asked, what was approved, which account each directory is of"),
    (names::WITHHELD, "How many records were left out, and by which rule"),
    (names::PROVENANCE, "From which source each record came"),
    (names::CUSTODY, "The steps of this disclosure in the provider's log"),
    (names::DECISION_RECEIPT, "Proof that the decision stands in the log"),
    (names::CERTIFICATE, "Certificate of authenticity, for the custodian to sign"),
    (bag_names::MANIFEST, "SHA-256 of every file under data/"),
];

fn push_table<const N: usize>(
    page: &mut String,
    caption: &str,
    head: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) {
    let _ = writeln!(page, "<table>\n<caption>{caption}</caption>");
    let is_headed = head.iter().any(|cell| !cell.is_empty());
    if is_headed {
        page.push_str("<thead><tr>");
        for cell in head {
            let _ = write!(page, "<th scope=\"col\">{cell}</th>");
        }
        page.push_str("</tr></thead>\n");
    }
    page.push_str("<tbody>\n");
    for row in rows {
        let mut cells = String::new();
        for (at, cell) in row.iter().enumerate() {
            let _ = match (is_headed, at) {
                (_, 0) => write!(cells, "<th scope=\"row\">{cell}</th>"),
                _ => write!(cells, "<td>{cell}</td>"),
            };
        }
        let _ = writeln!(page, "<tr>{cells}</tr>");
    }
    page.push_str("</tbody>\n</table>\n");
}

/// A link within the bag. Paths of a bag need no escaping: see [`super::layout`].
fn link(path: &str) -> String {
    format!("<a href=\"{path}\">{path}</a>")
}

/// Text as HTML text or attribute value. Control characters become U+FFFD: they have no
/// place on a page, and some of them reverse how the rest is shown.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c if c.is_control() || is_bidi_control(c) => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Characters that make text read in another order than it is stored (UAX #9).
fn is_bidi_control(character: char) -> bool {
    matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_chosen_by_others_becomes_markup() {
        assert_eq!(
            escape("<a href='x'>\"&\n\u{202e}"),
            "&lt;a href=&#39;x&#39;&gt;&quot;&amp;\u{fffd}\u{fffd}"
        );
        assert_eq!(escape("J\u{fc}rgen"), "J\u{fc}rgen");
    }
}
