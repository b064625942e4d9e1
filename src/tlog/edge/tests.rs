//! Goal: edge and full tiles together answer for every node, at every size.
//!
//! Method: grow a tree leaf by leaf, keep what the edge yields, and compare with the whole
//! tree, with roots that Go's package computed, and with the edge recomputed from scratch.

use std::collections::HashMap;

use super::*;
use crate::tlog::{
    CompactRange, LeafIndex,
    proof::{self, ProofError},
    vectors::{self, Forest, leaves},
};

type Tiles = HashMap<Tile, TileNodes>;

#[derive(Debug, PartialEq, thiserror::Error)]
enum ReadError {
    #[error("no tile {0}")]
    Missing(String),
    #[error(transparent)]
    Proof(#[from] ProofError),
    #[error(transparent)]
    Tile(#[from] TileError),
}

fn read(tiles: &Tiles, tile: Tile) -> Result<&TileNodes, ReadError> {
    tiles.get(&tile).ok_or_else(|| ReadError::Missing(tile.path()))
}

/// Appends the leaves up to `size`.
fn grow(edge: &mut RightEdge, tiles: &mut Tiles, leaves: &[Hash], size: usize) {
    for leaf in &leaves[vectors::small(edge.size().get())..size] {
        edge.push(*leaf, |tile, nodes| {
            assert!(tile.run().is_full() && nodes.width() == TILE_WIDTH);
            assert_eq!(tiles.insert(tile, nodes), None, "{} was yielded twice", tile.path());
        });
    }
}

#[test]
fn yields_each_full_tile_once_and_has_the_roots_of_go() {
    let all = leaves(70_000);
    let (mut edge, mut tiles) = (RightEdge::new(), Tiles::new());
    assert_eq!(edge.root(), Hash::empty_root());
    let vectors = vectors::json("go-tlog.json");
    for tree in vectors::list(&vectors["trees"]) {
        let size = TreeSize::new(vectors::number(&tree["size"]));
        grow(&mut edge, &mut tiles, &all, vectors::small(size.get()));
        assert_eq!(edge.root(), vectors::hash(&tree["root_hex"]), "size {size}");

        let mut expected: Vec<_> = Tile::all(size).filter(|tile| tile.run().is_full()).collect();
        let mut found: Vec<_> = tiles.keys().copied().collect();
        expected.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, expected, "full tiles of size {size}");
        let partial: Vec<_> = edge.partial_tiles().map(|(tile, _)| tile).collect();
        let expected: Vec<_> = Tile::all(size).filter(|tile| !tile.run().is_full()).collect();
        assert_eq!(partial, expected, "partial tiles of size {size}");
    }
}

#[test]
fn answers_for_every_node_and_no_other() {
    let all = leaves(66_000);
    let (mut edge, mut tiles) = (RightEdge::new(), Tiles::new());
    for size in [1, 2, 255, 256, 257, 300, 511, 512, 1000, 65_535, 65_536, 66_000] {
        grow(&mut edge, &mut tiles, &all, size);
        let forest = Forest::new(&all[..size]);
        let mut count = [0_u64; 64];
        for (node, hash) in forest.nodes() {
            assert_eq!(edge.node(node, |tile| read(&tiles, tile)), Ok(hash), "{node:?} of {size}");
            count[usize::from(node.level)] += 1;
        }
        for (level, count) in (0..=255).zip(count.into_iter().chain([0; 192])) {
            let error = edge.node(Node { level, index: count }, |tile| read(&tiles, tile));
            let missing = TileError::NodeNotInTree { level, index: count, size: edge.size() };
            assert_eq!(error, Err(ReadError::Tile(missing)));
        }
    }
}

#[test]
fn reloads_from_leaves_and_full_tiles() {
    let all = leaves(70_000);
    let (mut edge, mut tiles) = (RightEdge::new(), Tiles::new());
    for size in [0, 1, 255, 256, 257, 65_535, 65_536, 65_537, 70_000] {
        grow(&mut edge, &mut tiles, &all, size);
        let reloaded = RightEdge::load(TreeSize::new(size as u64), |Node { level, index }| {
            // What a ledger does at start: leaves from the entries, the rest from roots of full tiles.
            match level.checked_sub(TILE_HEIGHT) {
                None => Ok(all[vectors::small(index)]),
                Some(below) => {
                    let tile = full_tile(below / TILE_HEIGHT, index);
                    read(&tiles, tile).map(|nodes| nodes.root().expect("stored tiles are full"))
                }
            }
        })
        .expect("every tile is there");
        assert_eq!(reloaded.root(), edge.root(), "size {size}");
        assert!(reloaded.partial_tiles().eq(edge.partial_tiles()), "size {size}");
        // The reloaded edge goes on as the one that was never dropped.
        let (mut one, mut other) = (edge.clone(), reloaded);
        for leaf in &all[..300] {
            one.push(*leaf, |_, _| ());
            other.push(*leaf, |_, _| ());
        }
        assert_eq!(one.root(), other.root());
    }
    let lost =
        RightEdge::load(TreeSize::new(3), |node| if node.index < 2 { Ok(Hash::ZERO) } else { Err("lost") });
    assert_eq!(lost, Err("lost"));
}

#[test]
fn proofs_come_from_edge_and_tiles() {
    let all = leaves(66_000);
    let (mut edge, mut tiles, mut range) = (RightEdge::new(), Tiles::new(), CompactRange::new());
    grow(&mut edge, &mut tiles, &all, all.len());
    // A smaller tree is answered for by the larger one's edge.
    for (at, leaf) in all.iter().enumerate() {
        range.push(*leaf);
        if at % 997 != 0 {
            continue;
        }
        let (size, root) = (range.size(), range.root());
        for index in [0, at / 2, at].map(|index| LeafIndex::new(index as u64)) {
            let node = |node| edge.node(node, |tile| read(&tiles, tile));
            let path = proof::inclusion_path(index, size, node).expect("every tile is there");
            let leaf = &all[vectors::small(index.get())];
            assert_eq!(proof::verify_inclusion(index, size, leaf, &path, &root), Ok(()));
        }
        let node = |node| edge.node(node, |tile| read(&tiles, tile));
        let path = proof::consistency_path(size, edge.size(), node).expect("every tile is there");
        assert_eq!(proof::verify_consistency(size, &root, edge.size(), &edge.root(), &path), Ok(()));
    }
}

#[test]
fn a_lost_or_partial_tile_is_an_error() {
    let (mut edge, mut tiles) = (RightEdge::new(), Tiles::new());
    grow(&mut edge, &mut tiles, &leaves(300), 300);
    let node = Node { level: 0, index: 200 };
    let missing = edge.node(node, |tile| read(&Tiles::new(), tile).cloned());
    assert_eq!(missing, Err(ReadError::Missing("tile/0/000".to_owned())));
    let (_, partial) = edge.partial_tiles().next().expect("300 leaves leave a partial tile");
    let length = TileError::Length { width: 256, found: 44 * 32 };
    assert_eq!(edge.node(node, |_| Ok(partial)), Err(ReadError::Tile(length)));
}
