//! Goal: a rule set that has shipped never changes.
//! Method: the log that the first version left, kept as it was exported, goes through this
//! version's program: integrity under public keys, and every rule with the auditor's identity.
//! One changed byte of any of its files is found.

use std::fs;
use std::path::{Path, PathBuf};

use probity::ops::files;
use tempfile::TempDir;

use crate::harness::{self, Ended, probity, repository};

/// A copy of the kept log that a test may spoil.
struct Kept {
    scratch: TempDir,
}

impl Kept {
    fn copy() -> Self {
        let kept = repository().join("tests/vectors/rule-set-1");
        let scratch = tempfile::tempdir().expect("a scratch directory");
        harness::copy(&kept.join("export"), scratch.path());
        let key = fs::read(kept.join("auditor-key.txt")).expect("the auditor's identity");
        // A key file that others may read is refused, and a checkout makes it one.
        files::write_new(&scratch.path().join("auditor.age"), &key, files::PRIVATE_MODE).expect("a key file");
        Self { scratch }
    }

    fn export(&self) -> PathBuf {
        self.scratch.path().join("export")
    }

    fn verify(&self, more: &[&Path]) -> Ended {
        let vkey = repository().join("tests/vectors/rule-set-1/log.vkey");
        let export = self.export();
        let arguments = [Path::new("verify"), &export, Path::new("--log-key"), &vkey];
        probity(arguments.iter().chain(more))
    }

    fn replay(&self) -> Ended {
        self.verify(&[Path::new("--identity"), &self.scratch.path().join("auditor.age")])
    }
}

#[test]
fn the_first_versions_log_verifies_clean() {
    let kept = Kept::copy();
    kept.verify(&[]).expect(0);
    kept.replay().expect(0);
}

#[test]
fn a_changed_byte_of_it_is_found() {
    let kept = Kept::copy();
    let files = harness::files(&kept.export());
    assert!(files.len() > 5, "the export is there");
    for path in files {
        let whole = fs::read(&path).expect("a file that reads");
        let mut bytes = whole.clone();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&path, &bytes).expect("written");
        let ended = kept.replay();
        assert_eq!(ended.code, Some(1), "{}: {}{}", path.display(), ended.stdout, ended.stderr);
        fs::write(&path, &whole).expect("written");
    }
    kept.replay().expect(0);
}
