//! Goal: paths have one spelling, a size has exactly its tiles, and a tile answers for
//! every node inside it.
//!
//! Method: the examples of the specification, what Go's package printed (without the tile
//! height that it writes first), round trips, and lookups against the whole tree.

use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::tlog::{
    LeafIndex,
    vectors::{self, Forest, leaves, mth},
};

fn run(index: u64, width: u16) -> Run {
    Run::new(index, width).expect("a run")
}

#[test]
fn paths_of_the_specification() {
    for (level, index, width, path) in [
        (0, 0, 256, "tile/0/000"),
        (0, 1_234_067, 256, "tile/0/x001/x234/067"),
        (1, 1_234_067, 1, "tile/1/x001/x234/067.p/1"),
        (63, 999, 255, "tile/63/999.p/255"),
        (7, 1000, 256, "tile/7/x001/000"),
        (0, TILE_INDEX_MAX, 256, "tile/0/x072/x057/x594/x037/x927/935"),
    ] {
        let tile = Tile::new(level, run(index, width)).expect("a tile");
        assert_eq!(tile.path(), path);
        assert_eq!(Tile::parse(path), Ok(tile));
    }
}

#[test]
fn other_spellings_are_refused() {
    for path in [
        "",
        "tile",
        "tile/0",
        "tile/0/",
        "/tile/0/000",
        "tile/0/000/",
        "tile//000",
        "tile/00/000",
        "tile/01/000",
        "tile/+1/000",
        "tile/256/000",
        "tile/entries/000",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000",
        "tile/0/x000/001",
        "tile/0/x001",
        "tile/0/001/002",
        "tile/0/x001/x002",
        "tile/0/X001/002",
        "tile/0/x01/002",
        "tile/0/x001//002",
        "tile/0/-01",
        "tile/0/+01",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000.p/1/",
        "tile/0/000.p/1.p/1",
        "tile/0/000 ",
        "tile/0/٠٠٠",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
    ] {
        assert_eq!(Tile::parse(path), Err(TileError::Path), "{path}");
    }
    assert_eq!(Tile::parse("tile/64/000"), Err(TileError::Level { level: 64 }));
    let beyond = TileError::Run { index: TILE_INDEX_MAX + 1, width: 256 };
    assert_eq!(Tile::parse("tile/0/x072/x057/x594/x037/x927/936"), Err(beyond));
    assert_eq!(Run::new(0, 0), Err(TileError::Run { index: 0, width: 0 }));
    assert_eq!(Run::new(0, 257), Err(TileError::Run { index: 0, width: 257 }));
}

#[test]
fn size_70_000_has_the_tiles_of_the_format_page() {
    let tiles: Vec<_> = Tile::all(TreeSize::new(70_000)).collect();
    let shape = |level| {
        let of_level = tiles.iter().filter(|tile| tile.level() == level);
        let (full, partial): (Vec<&Tile>, Vec<&Tile>) = of_level.partition(|tile| tile.run().is_full());
        (full.len(), partial.iter().map(|tile| tile.run().width()).collect::<Vec<_>>())
    };
    assert_eq!(shape(0), (273, vec![112]));
    assert_eq!(shape(1), (1, vec![17]));
    assert_eq!(shape(2), (0, vec![1]));
    assert_eq!(tiles.len(), 273 + 1 + 1 + 1 + 1);
    assert_eq!(Tile::all(TreeSize::ZERO).count(), 0);
    // No empty tile stands beside the full one.
    assert_eq!(
        Tile::all(TreeSize::new(256)).map(Tile::path).collect::<Vec<_>>(),
        ["tile/0/000", "tile/1/000.p/1"]
    );
}

#[test]
fn runs_of_entries() {
    let runs: Vec<_> = Run::all(600).collect();
    assert_eq!(runs, [run(0, 256), run(1, 256), run(2, 88)]);
    assert_eq!(runs.iter().flat_map(|run| run.members()).collect::<Vec<_>>(), (0..600).collect::<Vec<_>>());
    for at in 0..600 {
        let holding = Run::holding(at, 600).expect("below the count");
        assert!(holding.members().any(|member| member == at) && runs.contains(&holding));
    }
    assert_eq!(Run::holding(600, 600), None);
    assert_eq!(Run::holding(0, 0), None);
    assert_eq!(Run::holding(u64::MAX - 1, u64::MAX), Some(run(TILE_INDEX_MAX, 255)));
}

#[test]
fn paths_and_tiles_made_by_go() {
    let c2sp = |go_path: &serde_json::Value| vectors::text(go_path).replacen("tile/8/", "tile/", 1);
    let vectors = vectors::json("go-tlog.json");
    for case in vectors::list(&vectors["paths"]) {
        let number = |member: &str| vectors::number(&case[member]);
        let width = u16::try_from(number("width")).expect("a width");
        let tile = Tile::new(u8::try_from(number("level")).expect("a level"), run(number("index"), width));
        assert_eq!(tile.expect("a tile").path(), c2sp(&case["go_path"]));
    }
    let all = leaves(70_000);
    for tree in vectors::list(&vectors["trees"]) {
        let size = TreeSize::new(vectors::number(&tree["size"]));
        let forest = Forest::new(&all[..vectors::small(size.get())]);
        let tiles: Vec<_> = Tile::all(size).collect();
        assert_eq!(tiles.len() as u64, vectors::number(&tree["tile_count"]), "size {size}");
        for case in vectors::list(&tree["tiles"]) {
            let tile = Tile::parse(&c2sp(&case["go_path"])).expect("a path");
            assert!(tiles.contains(&tile), "{}", tile.path());
            let mut nodes = TileNodes::new();
            for index in tile.run().members() {
                nodes.push(
                    forest.node(Node { level: tile.level() * TILE_HEIGHT, index }).expect("in the tree"),
                );
            }
            assert_eq!(hex::encode(Sha256::digest(nodes.to_bytes())), vectors::text(&case["sha256_hex"]));
        }
    }
}

#[test]
fn a_tile_answers_for_every_complete_node_inside_it() {
    let all = leaves(256);
    let mut nodes = TileNodes::new();
    for width in 0..=256 {
        for height in 0..8_u8 {
            for offset in 0..256_usize >> height {
                let node = Node { level: height, index: offset as u64 };
                let covered = all[..width].get(offset << height..(offset + 1) << height);
                assert_eq!(nodes.hash_of(node), covered.map(mth), "width {width}, {node:?}");
            }
        }
        assert_eq!(nodes.hashes(), &all[..width]);
        assert_eq!(nodes.root(), (width == 256).then(|| mth(&all)));
        let parsed = TileNodes::parse(&nodes.to_bytes(), u16::try_from(width).expect("at most 256"));
        assert_eq!(parsed.as_ref(), Ok(&nodes));
        if let Some(next) = all.get(width) {
            nodes.push(*next);
        }
    }
}

#[test]
fn content_of_another_length_is_refused() {
    let bytes = vec![0; 257 * HASH_BYTES];
    for (width, found) in
        [(256, 8191), (256, 8193), (256, 8224), (257, 8224), (1, 0), (1, 31), (1, 33), (2, 32)]
    {
        assert_eq!(TileNodes::parse(&bytes[..found], width), Err(TileError::Length { width, found }));
    }
}

#[test]
fn every_node_has_its_tile() {
    let size = TreeSize::new(70_000);
    let tiles: Vec<_> = Tile::all(size).collect();
    for level in 0..17_u8 {
        let count = size.get() >> level;
        for index in [0, 1, count / 2, count.saturating_sub(1)].into_iter().filter(|index| *index < count) {
            let tile = Tile::holding(Node { level, index }, size).expect("in the tree");
            assert!(tiles.contains(&tile), "{}", tile.path());
        }
        assert_eq!(Tile::holding(Node { level, index: count }, size), None, "one beyond level {level}");
    }
    let tile = Tile::new(0, run(3, 256)).expect("a tile");
    assert_eq!(tile.root_node(), Some(Node { level: 8, index: 3 }));
    assert_eq!(Tile::new(0, run(3, 255)).expect("a tile").root_node(), None);
    assert_eq!(Tile::new(7, run(0, 256)).expect("a tile").root_node(), None);
    let largest = TreeSize::new(u64::MAX);
    let leaf = Node::leaf(LeafIndex::new(u64::MAX - 1));
    assert_eq!(Tile::holding(leaf, largest).map(Tile::run), Some(run(TILE_INDEX_MAX, 255)));
}

proptest! {
    #[test]
    fn paths_print_and_parse(level in 0..=TILE_LEVEL_MAX, index in 0..=TILE_INDEX_MAX, width in 1..=TILE_WIDTH) {
        let tile = Tile::new(level, run(index, width)).expect("within bounds");
        prop_assert_eq!(Tile::parse(&tile.path()), Ok(tile));
    }

    #[test]
    fn what_parses_prints_alike(path in "tile/[0-9]{1,2}/(x[0-9]{3}/){0,2}[0-9]{3}(\\.p/[0-9]{1,3})?") {
        if let Ok(tile) = Tile::parse(&path) {
            prop_assert_eq!(tile.path(), path);
        }
    }
}
