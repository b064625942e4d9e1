//! Goal: what we write, GNU tar and we read alike; what a hostile sender writes instead
//! is refused before a byte of it is unpacked.

use std::process::{Command, Stdio};

use proptest::prelude::*;

use super::*;

fn prefix() -> ProductionId {
    ProductionId::new("PRD-2026-7QK4M2XA").expect("an id")
}

fn write(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = Writer::new(prefix(), Vec::new());
    for (path, data) in files {
        let path = BagPath::parse(path).expect("a good path");
        let append = writer.append::<ArchiveError>(&path, data.len() as u64, |out| {
            out.write_all(data).map_err(ArchiveError::Io)
        });
        append.expect("writes to memory");
    }
    writer.finish().expect("writes to memory")
}

fn read(tar: &[u8]) -> Result<Vec<(String, Vec<u8>)>, ArchiveError> {
    let mut reader = Reader::new(10, tar);
    let mut files = Vec::new();
    while let Some(member) = reader.next_member()? {
        let mut data = Vec::new();
        reader.copy_data::<ArchiveError>(member.bytes, |part| {
            data.extend_from_slice(part);
            Ok(())
        })?;
        files.push((member.path.to_string(), data));
    }
    Ok(files)
}

proptest! {
    #[test]
    fn reads_what_it_writes(names in prop::collection::vec("[a-z]{1,60}(/[a-z]{1,80})?", 0..5), data in prop::collection::vec(any::<u8>(), 0..1500)) {
        let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), data.as_slice())).collect();
        let owned: Vec<_> = names.iter().map(|name| (name.clone(), data.clone())).collect();
        // Device names (con, nul) can be drawn; they are not the point here.
        prop_assume!(names.iter().all(|name| BagPath::parse(name).is_ok()));
        prop_assert_eq!(read(&write(&files)).expect("our own"), owned);
    }
}

#[test]
fn gnu_tar_reads_long_names_and_equal_bytes_come_out() {
    let long = format!("data/{}", "n".repeat(145));
    let files: [(&str, &[u8]); 2] = [("bagit.txt", b"hello"), (&long, b"world")];
    let tar = write(&files);
    assert_eq!(tar, write(&files));
    let dir = tempfile::tempdir().expect("a scratch directory");
    std::fs::write(dir.path().join("t.tar"), &tar).expect("written");
    let status = Command::new("tar")
        .args(["-xf", "t.tar"])
        .current_dir(dir.path())
        .stderr(Stdio::inherit())
        .status()
        .expect("tar is everywhere");
    assert!(status.success());
    let unpacked = std::fs::read(dir.path().join("PRD-2026-7QK4M2XA").join(&long)).expect("unpacked");
    assert_eq!(unpacked, b"world");
}

/// A size beyond eleven octal digits goes into a pax record; nothing writes 8 GiB here.
#[test]
fn big_sizes_survive() {
    let bytes = USTAR_SIZE_MAX + 1;
    let mut writer = Writer::new(prefix(), Vec::new());
    let path = BagPath::parse("data/big").expect("a good path");
    writer.append::<ArchiveError>(&path, bytes, |_| Ok(())).expect("writes to memory");
    let mut reader = Reader::new(1, writer.out.as_slice());
    assert_eq!(reader.next_member().expect("a header"), Some(Member { path, bytes }));
    let mut stock = tar::Archive::new(writer.out.as_slice());
    let entry = stock.entries().expect("readable").next().expect("one").expect("a header");
    assert_eq!(entry.size(), bytes);
}

#[test]
fn hostile_archives_are_refused() {
    let forge = |name: &str, kind: EntryType| {
        let mut header = blank_header(kind, 0);
        let field = &mut header.as_ustar_mut().expect("ustar").name;
        field[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        let mut tar = header.as_bytes().to_vec();
        tar.extend_from_slice(&[0; 1024]);
        read(&tar)
    };
    let inside = "PRD-2026-7QK4M2XA/a";
    assert!(forge(inside, EntryType::Regular).is_ok());
    for kind in
        [EntryType::Symlink, EntryType::Link, EntryType::Directory, EntryType::GNULongName, EntryType::Char]
    {
        assert!(matches!(forge(inside, kind), Err(ArchiveError::NotRegular { member: 0 })), "{kind:?}");
    }
    for name in ["a", "/etc/passwd", "PRD-2026-7QK4M2X", "../a", "./a"] {
        assert!(matches!(forge(name, EntryType::Regular), Err(ArchiveError::OutsidePrefix { .. })), "{name}");
    }
    for name in ["PRD-2026-7QK4M2XA/../a", "PRD-2026-7QK4M2XA//a", "PRD-2026-7QK4M2XA/.a"] {
        assert!(matches!(forge(name, EntryType::Regular), Err(ArchiveError::Path { .. })), "{name}");
    }
}

#[test]
fn all_members_lie_below_the_first_ones_directory() {
    let mut tar = write(&[("a", b"")]);
    tar.truncate(BLOCK_BYTES);
    let mut second = Writer::new(ProductionId::new("PRD-2026-7QK4M2XAB").expect("an id"), tar);
    let path = BagPath::parse("a").expect("a good path");
    second.append::<ArchiveError>(&path, 0, |_| Ok(())).expect("writes to memory");
    let tar = second.finish().expect("writes to memory");
    assert!(matches!(read(&tar), Err(ArchiveError::OutsidePrefix { member: 1 })));
}

/// Every length cut, every byte of a header changed, bytes hidden in padding and after the end.
#[test]
fn nothing_hides_and_nothing_is_missing() {
    let tar = write(&[("a", b"x")]);
    for length in 0..tar.len() {
        assert!(read(&tar[..length]).is_err(), "cut to {length}");
    }
    for at in (0..tar.len()).filter(|at| *at != 512) {
        let mut changed = tar.clone();
        changed[at] ^= 0x41;
        assert!(read(&changed).is_err(), "byte {at}");
    }
    let mut extended = tar.clone();
    extended.push(0);
    assert!(matches!(read(&extended), Err(ArchiveError::Hidden)));
    let many: Vec<(String, &[u8])> = (0..11).map(|n| (format!("f{n}"), &b""[..])).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(name, data)| (name.as_str(), *data)).collect();
    assert!(matches!(read(&write(&many)), Err(ArchiveError::TooManyMembers { members_max: 10 })));
}
