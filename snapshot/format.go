package snapshot

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"musette/store"
)

const (
	formatName    = "musette-snapshot"
	formatVersion = 1

	// maxLine is the longest line read. The longest row holds a document:
	// at most 16 MiB as it came, zstd-compressed, in base64.
	maxLine = 48 << 20
	// window is that of the compressor, and maxWindow the largest that is
	// read: they bound the memory of both.
	window    = 1 << 20
	maxWindow = 8 << 20
	// What the lines may grow to: real files stay below 20 times their size.
	maxGrowth, maxFree = 300, 64 << 20
)

// header is the first line.
type header struct {
	Format  string    `json:"format"`
	Version int       `json:"version"`
	Created time.Time `json:"created"`
	Epoch   string    `json:"epoch"`
	Seq     int64     `json:"seq"`
	Program string    `json:"program"`
}

// trailer is the last line.
type trailer struct {
	Rows    map[string]int `json:"rows"`
	Content string         `json:"content"` // hex
	SHA256  string         `json:"sha256"`  // hex, of all lines before
}

// position is what the header takes from the row of the table meta.
type position struct {
	Epoch string `json:"epoch"`
	Seq   int64  `json:"seq"`
}

// metaTable is the first in every dump. Its epoch is another one after a
// restore, so that content hashes leave it out.
const metaTable = "meta"

// line is any line but the first: a row or the trailer.
type line struct {
	T       string         `json:"t"`
	R       jsontext.Value `json:"r"`
	Rows    map[string]int `json:"rows"`
	Content string         `json:"content"`
	SHA256  string         `json:"sha256"`
}

func decodeHeader(text []byte) (header, error) {
	var h header
	// A newer header may have further members; those are looked at only after
	// the version.
	if err := json.Unmarshal(text, &h); err != nil || h.Format != formatName {
		return h, refuse(ErrNotSnapshot, "it doesn't begin as one")
	}
	if h.Version > formatVersion {
		return h, refuse(ErrNewer, "format %d, this program reads up to %d; use the newer program", h.Version, formatVersion)
	}
	if h.Version < 1 || h.Created.IsZero() {
		return h, refuse(ErrAltered, "the header makes no sense")
	}
	return h, nil
}

// appendRow appends a row's line.
func appendRow(b []byte, r store.Row) ([]byte, error) {
	if r.Table == "" || strings.ContainsAny(r.Table, "\"\\\n") || bytes.IndexByte(r.JSON, '\n') >= 0 || len(r.JSON) == 0 {
		return nil, fmt.Errorf("a row of table %q is not one line of JSON", r.Table)
	}
	b = append(append(append(b, `{"t":"`...), r.Table...), `","r":`...)
	b = append(append(b, r.JSON...), "}\n"...)
	if len(b) > maxLine {
		return nil, fmt.Errorf("a row of table %q is longer than %d MiB", r.Table, maxLine>>20)
	}
	return b, nil
}

// decodeLine returns a row, or the trailer if the table is "".
func decodeLine(text []byte) (store.Row, trailer, error) {
	var l line
	if err := json.Unmarshal(text, &l, json.RejectUnknownMembers(true)); err != nil {
		return store.Row{}, trailer{}, refuse(ErrAltered, "a line is no JSON of the right shape")
	}
	isTrailer := l.Rows != nil
	if isTrailer == (l.T != "") || isTrailer == (len(l.R) > 0) || isTrailer == (l.SHA256 == "") {
		return store.Row{}, trailer{}, refuse(ErrAltered, "a line is neither a row nor the trailer")
	}
	return store.Row{Table: l.T, JSON: l.R}, trailer{Rows: l.Rows, Content: l.Content, SHA256: l.SHA256}, nil
}

// sums hash lines and count rows as they pass, alike for writing and reading.
type sums struct {
	lines, content hash.Hash
	rows           map[string]int
}

func newSums() *sums {
	return &sums{lines: sha256.New(), content: sha256.New(), rows: map[string]int{}}
}

func (s *sums) header(text []byte) { s.lines.Write(text) }

func (s *sums) row(table string, text []byte) {
	s.lines.Write(text)
	if table != metaTable {
		s.content.Write(text)
	}
	s.rows[table]++
}

func (s *sums) trailer() trailer {
	return trailer{s.rows, hex.EncodeToString(s.content.Sum(nil)), hex.EncodeToString(s.lines.Sum(nil))}
}

func (t trailer) equal(o trailer) bool {
	return t.Content == o.Content && t.SHA256 == o.SHA256 && maps.Equal(t.Rows, o.Rows)
}

func marshalLine(v any) ([]byte, error) {
	text, err := json.Marshal(v, json.Deterministic(true))
	return append(text, '\n'), err
}

// The end of a file is a skippable zstd frame: magic, length, header line,
// trailer line, SHA-256 of all before, length of the two lines, mark.
var (
	skipMagic = []byte{0x50, 0x2a, 0x4d, 0x18}
	endMark   = []byte("MusetteE")
)

const (
	endFixed = sha256.Size + 4 + 8 // what follows the two lines
	maxEnd   = 64 << 10            // of the whole frame
)

// appendEnd returns the end frame. whole has hashed the file so far.
func appendEnd(head, tail []byte, whole hash.Hash) []byte {
	text := slices.Concat(head, tail)
	b := slices.Concat(skipMagic, le32(len(text)+endFixed), text)
	whole.Write(b)
	return slices.Concat(b, whole.Sum(nil), le32(len(text)), endMark)
}

// end is the end frame as read.
type end struct {
	head, tail []byte // lines, with their line feeds
	sum        []byte
	at         int64 // where the frame begins
	hashed     []byte
}

// readEnd reads the end frame. Anything wrong with it is ErrCutShort: that is
// what a missing end mostly comes from.
func readEnd(f io.ReaderAt, size int64) (end, error) {
	const frameHead = 8
	cut := func(why string) (end, error) { return end{}, refuse(ErrCutShort, "%s", why) }
	if size < frameHead+endFixed {
		return cut("its end is missing, which a file that was unpacked and packed again has lost too")
	}
	fixed := make([]byte, endFixed)
	if err := readAt(f, fixed, size-endFixed); err != nil {
		return end{}, err
	}
	length := int64(fromLE32(fixed[sha256.Size:]))
	if !bytes.Equal(fixed[sha256.Size+4:], endMark) {
		return cut("its end is missing, which a file that was unpacked and packed again has lost too")
	}
	at := size - endFixed - length - frameHead
	if length > maxEnd || at < 0 {
		return cut("its end makes no sense")
	}
	front := make([]byte, frameHead+length)
	if err := readAt(f, front, at); err != nil {
		return end{}, err
	}
	text := front[frameHead:]
	if !bytes.Equal(front[:4], skipMagic) || int64(fromLE32(front[4:])) != length+endFixed {
		return cut("its end makes no sense")
	}
	i := bytes.IndexByte(text, '\n')
	if i < 0 || bytes.IndexByte(text[i+1:], '\n') != len(text)-i-2 {
		return cut("its end makes no sense")
	}
	return end{head: text[:i+1], tail: text[i+1:], sum: fixed[:sha256.Size], at: at, hashed: front}, nil
}

// readAt fills b; a file that got shorter meanwhile is ErrCutShort.
func readAt(f io.ReaderAt, b []byte, at int64) error {
	_, err := io.ReadFull(io.NewSectionReader(f, at, int64(len(b))), b)
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return refuse(ErrCutShort, "it got shorter while it was read")
	}
	return err
}

func le32(n int) []byte { return []byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)} }

func fromLE32(b []byte) uint32 {
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}
