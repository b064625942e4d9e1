//! Names of files that come from outside: which may be opened, and which may be written.

/// Longest relative path that is opened, in bytes.
pub const PATH_BYTES_MAX: usize = 1_024;
/// Deepest nesting that is opened.
pub const PATH_DEPTH_MAX: usize = 16;

/// Names that Windows keeps for devices, whatever extension follows.
const WINDOWS_DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// The components of a relative path that stays below its directory, or none.
///
/// Refused: absolute paths, `.` and `..`, empty components, backslashes (a separator
/// elsewhere), control characters (a newline forges a line of a list) and the characters that
/// reorder or hide text (a name must be what it looks like).
#[must_use]
pub fn components(path: &str) -> Option<Vec<&str>> {
    if path.is_empty() || path.len() > PATH_BYTES_MAX || path.chars().any(is_deceptive) {
        return None;
    }
    let parts: Vec<_> = path.split('/').collect();
    let fits = |part: &&str| !part.is_empty() && *part != "." && *part != ".." && !part.contains('\\');
    (parts.len() <= PATH_DEPTH_MAX && parts.iter().all(fits)).then_some(parts)
}

/// Control characters, and those of Unicode that change direction or have no width.
#[must_use]
pub fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// Whether Windows would take a file of this stem for a device.
#[must_use]
pub fn is_windows_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let numbered = |port: &str| {
        stem.strip_prefix(port).is_some_and(|n| n.len() == 1 && n.bytes().all(|b| b.is_ascii_digit()))
    };
    WINDOWS_DEVICES.contains(&stem.as_str()) || numbered("com") || numbered("lpt")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_paths_below() {
        for (path, parts) in [("a", 1), ("a/b c/d.txt", 3), ("ä/..b/...", 3), (".hidden", 1)] {
            assert_eq!(components(path).map(|p| p.len()), Some(parts), "{path}");
        }
        let long = "a".repeat(PATH_BYTES_MAX + 1);
        let deep = vec!["a"; PATH_DEPTH_MAX + 1].join("/");
        for path in [
            "",
            "/",
            "/etc/passwd",
            "..",
            "a/..",
            "../a",
            "a/../b",
            ".",
            "a/./b",
            "a//b",
            "a/",
            "a\\..\\b",
            "C:\\a",
            "a\nb",
            "a\rb",
            "a\0b",
            "a\u{1b}[2Jb",
            "cod\u{202e}txt.exe",
            "a\u{2066}b",
            "a\u{200b}b",
            "\u{feff}a",
            &long,
            &deep,
        ] {
            assert_eq!(components(path), None, "{path:?}");
        }
    }

    #[test]
    fn windows_devices() {
        for name in ["con", "NUL.csv", "com1", "LPT9.x.y"] {
            assert!(is_windows_device(name), "{name}");
        }
        for name in ["console", "com", "com10", "null", "a.con"] {
            assert!(!is_windows_device(name), "{name}");
        }
    }
}
