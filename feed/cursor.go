package feed

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"math"
	"slices"
)

// A cursor is the position of the last entry of a page, and a hash over it and the query's filters: it can be used
// with no other filters, and what nobody gave out isn't one. It isn't a secret: positions are in the page anyway.
const cursorSum = 8

var cursorText = base64.RawURLEncoding.Strict()

func (q *Query) cursor(p position) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(p.start))
	b = binary.BigEndian.AppendUint64(b, uint64(p.id))
	return cursorText.EncodeToString(q.sign(b))
}

func (q *Query) sign(b []byte) []byte {
	sum := sha256.Sum256(append(slices.Clone(b), q.filters()...))
	return append(b, sum[:cursorSum]...)
}

// after is where the page starts: behind the cursor, or at the very beginning.
func (q *Query) after() (position, error) {
	if q.Cursor == "" {
		return position{math.MaxInt64 >> 20, math.MaxInt64}, nil // past every year a time can have
	}
	b, err := cursorText.DecodeString(q.Cursor)
	if err != nil || len(b) != 16+cursorSum {
		return position{}, &ParamError{"cursor", "it isn't one that this version of Musette gave out; leave it away to start with the newest"}
	}
	if string(q.sign(slices.Clone(b[:16]))) != string(b) {
		return position{}, &ParamError{"cursor", "it belongs to a query with other parameters; send the same ones, or leave it away"}
	}
	return position{int64(binary.BigEndian.Uint64(b)), int64(binary.BigEndian.Uint64(b[8:]))}, nil
}
