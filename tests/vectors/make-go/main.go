// Makes ../go-tlog.json with Go's own transparency log and note packages, so
// that ours are compared with code that nobody here wrote.
//
//	apt-get install golang-go golang-golang-x-mod-dev
//	GOPATH=/usr/share/gocode GO111MODULE=off go run main.go > ../go-tlog.json
//
// Leaf i is the text "leaf <i>". Secrets are derived as ../README.md says; they
// are public. Go's checksum database writes the tile height into its paths:
// "tile/8/<L>/<N>" there is "tile/<L>/<N>" in C2SP tlog-tiles. Paths are emitted
// as Go writes them; whoever reads the file leaves out the "8/". What a tile
// holds is the same in both.
package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log"
	"os"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// The places where trees change their shape: powers of two and of 256, and one
// before and after each.
var sizes = []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 17, 255, 256, 257, 300, 512, 513, 65535, 65536, 65537, 70000}

const sizeMax = 70000

type inclusion struct {
	Index int64    `json:"index"`
	Path  []string `json:"path_hex"`
}

type consistency struct {
	First int64    `json:"first"`
	Path  []string `json:"path_hex"`
}

type tile struct {
	Path   string `json:"go_path"`
	SHA256 string `json:"sha256_hex"`
}

type tree struct {
	Size        int64         `json:"size"`
	Root        string        `json:"root_hex"`
	TileCount   int           `json:"tile_count"`
	Tiles       []tile        `json:"tiles"`
	Inclusion   []inclusion   `json:"inclusion"`
	Consistency []consistency `json:"consistency"`
}

type path struct {
	Level int    `json:"level"`
	Index int64  `json:"index"`
	Width int    `json:"width"`
	Path  string `json:"go_path"`
}

type signedNote struct {
	Text  string   `json:"text"`
	Seeds []string `json:"seeds_hex"`
	Vkeys []string `json:"vkeys"`
	Note  string   `json:"note"`
}

type vectors struct {
	Comment string       `json:"comment"`
	Trees   []tree       `json:"trees"`
	Paths   []path       `json:"paths"`
	Notes   []signedNote `json:"notes"`
}

// memory keeps every stored hash of the log.
type memory []tlog.Hash

func (m memory) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		if x >= int64(len(m)) {
			return nil, fmt.Errorf("hash %d is not stored", x)
		}
		out[i] = m[x]
	}
	return out, nil
}

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}

func hexes(hashes []tlog.Hash) []string {
	out := []string{}
	for _, h := range hashes {
		out = append(out, hex.EncodeToString(h[:]))
	}
	return out
}

// near lists the numbers below n that are worth proving: the ends, the middle
// and the neighbours of the largest power of two below n.
func near(n int64) []int64 {
	split := int64(1)
	for split*2 < n {
		split *= 2
	}
	seen := map[int64]bool{}
	out := []int64{}
	for _, i := range []int64{0, 1, n / 3, n / 2, split - 1, split, n - 2, n - 1} {
		if i >= 0 && i < n && !seen[i] {
			seen[i] = true
			out = append(out, i)
		}
	}
	return out
}

func makeTree(size int64, m memory) tree {
	root := must(tlog.TreeHash(size, m))
	t := tree{Size: size, Root: hex.EncodeToString(root[:])}
	for _, goTile := range tlog.NewTiles(8, 0, size) {
		// Go names every width a partial tile had on the way; the tree of this
		// size has the last one only.
		if goTile.W != 256 && int64(goTile.W) != size>>(8*goTile.L)%256 {
			continue
		}
		t.TileCount++
		// Every partial tile, and of the full ones the first, the last of a
		// three-digit group, and one beyond it.
		if goTile.W == 256 && goTile.N != 0 && goTile.N != 99 && goTile.N != 272 {
			continue
		}
		data := must(tlog.ReadTileData(goTile, m))
		sum := sha256.Sum256(data)
		t.Tiles = append(t.Tiles, tile{goTile.Path(), hex.EncodeToString(sum[:])})
	}
	for _, i := range near(size) {
		p := must(tlog.ProveRecord(size, i, m))
		t.Inclusion = append(t.Inclusion, inclusion{i, hexes(p)})
	}
	for _, i := range near(size) {
		// Of the same size the proof is empty; Go proves from 1 on.
		p := must(tlog.ProveTree(size, i+1, m))
		t.Consistency = append(t.Consistency, consistency{i + 1, hexes(p)})
	}
	return t
}

func seed(label string) []byte {
	sum := sha256.Sum256([]byte("probity test vector: " + label))
	return sum[:]
}

func signer(name, label string) (note.Signer, string) {
	key := ed25519.NewKeyFromSeed(seed(label))
	vkey := must(note.NewEd25519VerifierKey(name, key.Public().(ed25519.PublicKey)))
	id := vkey[len(name)+1 : len(name)+9]
	skey := "PRIVATE+KEY+" + name + "+" + id + "+" + base64.StdEncoding.EncodeToString(append([]byte{1}, seed(label)...))
	return must(note.NewSigner(skey)), vkey
}

func makeNote(text string, keys ...[2]string) signedNote {
	out := signedNote{Text: text}
	signers := []note.Signer{}
	for _, key := range keys {
		s, vkey := signer(key[0], key[1])
		signers = append(signers, s)
		out.Vkeys = append(out.Vkeys, vkey)
		out.Seeds = append(out.Seeds, hex.EncodeToString(seed(key[1])))
	}
	out.Note = string(must(note.Sign(&note.Note{Text: text}, signers...)))
	return out
}

func main() {
	m := memory{}
	out := vectors{Comment: "made by make-go/main.go with golang.org/x/mod/sumdb; leaf i is the text \"leaf <i>\""}
	for i := int64(0); i < sizeMax; i++ {
		m = append(m, must(tlog.StoredHashes(i, []byte(fmt.Sprintf("leaf %d", i)), m))...)
	}
	for _, size := range sizes {
		out.Trees = append(out.Trees, makeTree(size, m))
	}
	for _, n := range []int64{0, 1, 42, 999, 1000, 1001, 67890, 999999, 1000000, 1234067, 1 << 40} {
		for _, w := range []int{1, 112, 255, 256} {
			for _, l := range []int{0, 3} {
				out.Paths = append(out.Paths, path{l, n, w, tlog.Tile{H: 8, L: l, N: n, W: w}.Path()})
			}
		}
	}
	origin := "log.example/probity-test"
	checkpoint := string(tlog.FormatTree(tlog.Tree{N: 5, Hash: tlog.RecordHash([]byte("x"))}))
	out.Notes = []signedNote{
		makeNote("one line\n", [2]string{origin, "log key 1"}),
		makeNote("text\n\nwith an empty line\n", [2]string{origin, "log key 1"}),
		makeNote("ünïcode — ✓\n", [2]string{"ключ.example", "other key"}),
		makeNote("two keys\n", [2]string{origin, "log key 1"}, [2]string{origin, "log key 2"}),
		makeNote(checkpoint, [2]string{"go.sum database tree"[:6], "other key"}, [2]string{origin, "log key 1"}),
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", " ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(out); err != nil {
		log.Fatal(err)
	}
}
