package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strings"
	"time"
)

// values are one row's columns in the order of the table's description: int64, float64, string or []byte.
type values []any

// sum returns the row's checksum: the first 8 bytes of the SHA-256 of its columns. Columns that are zero are left
// out, so that a column added later leaves the sums of older rows as they are.
func (t *table) sum(v values) int64 {
	b := make([]byte, 0, 512)
	b = append(b, t.name...)
	for i, c := range t.cols {
		if c.unsummed || isZero(v[i]) {
			continue
		}
		b = append(b, 0)
		b = append(b, c.name...)
		b = append(b, 0, byte(c.kind))
		switch x := v[i].(type) {
		case int64:
			b = binary.BigEndian.AppendUint64(b, uint64(x))
		case float64:
			b = binary.BigEndian.AppendUint64(b, math.Float64bits(x))
		case string:
			b = binary.BigEndian.AppendUint64(b, uint64(len(x)))
			b = append(b, x...)
		case []byte:
			b = binary.BigEndian.AppendUint64(b, uint64(len(x)))
			b = append(b, x...)
		}
	}
	h := sha256.Sum256(b)
	return int64(binary.BigEndian.Uint64(h[:8]))
}

func isZero(v any) bool {
	switch x := v.(type) {
	case int64:
		return x == 0
	case float64:
		return x == 0
	case string:
		return x == ""
	case []byte:
		return len(x) == 0
	}
	return true
}

// check normalises what is about to be stored, so that it reads back as the same bits from both databases.
func (t *table) check(v values) error {
	if len(v) != len(t.cols) {
		return fmt.Errorf("store: %d values for the %d columns of %s", len(v), len(t.cols), t.name)
	}
	for i, c := range t.cols {
		switch x := v[i].(type) {
		case float64:
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return fmt.Errorf("store: %s.%s is not a number", t.name, c.name)
			}
			if x == 0 { // SQLite drops the sign of zero
				v[i] = float64(0)
			}
		case string:
			v[i] = escapeText(x)
		case []byte:
			if x == nil { // a nil slice would be NULL
				v[i] = []byte{}
			}
		}
	}
	return nil
}

// key names a row for people and errors.
func (t *table) key(v values) string {
	parts := make([]string, t.keys)
	for i := range parts {
		if b, ok := v[i].([]byte); ok {
			parts[i] = hex.EncodeToString(b)
		} else {
			parts[i] = fmt.Sprint(v[i])
		}
	}
	return strings.Join(parts, "/")
}

// A record reads a row's columns one after the other, in the order of the description.
type record struct {
	t       *table
	s       *Store // that it was read from; nil if it wasn't
	v       values
	sum     int64
	sumless bool // what stands in its place is no number: it is damaged
	next    int
}

func (r *record) value() any     { r.next++; return r.v[r.next-1] }
func (r *record) int() int64     { return r.value().(int64) }
func (r *record) bool() bool     { return r.int() != 0 }
func (r *record) num() int       { return int(r.int()) }
func (r *record) text() string   { return unescapeText(r.value().(string)) }
func (r *record) float() float64 { return r.value().(float64) }

// blob returns nil for no bytes: the drivers differ there.
func (r *record) blob() []byte {
	if b := r.value().([]byte); len(b) > 0 {
		return b
	}
	return nil
}

func (r *record) time() time.Time { return fromMS(r.int()) }

func (r *record) list() []string {
	if s := r.text(); s != "" {
		return strings.Fields(s)
	}
	return nil
}

func (r *record) hash() (h [32]byte) {
	copy(h[:], r.blob())
	return h
}

// damage says what is wrong with the row, nil if nothing is.
func (r *record) damage() *DamageError { return r.s.met(r.flaw()) }

// broken is the damage of a row whose columns are as they were written.
func (r *record) broken(reason string) *DamageError {
	return r.s.met(&DamageError{r.t.name, r.t.key(r.v), reason})
}

func (r *record) flaw() *DamageError {
	for i, c := range r.t.cols {
		ok := false
		switch r.v[i].(type) {
		case nil: // the tables have no NULL: a column that wasn't read, and isn't summed
			ok = c.unsummed
		case int64:
			ok = c.kind == integer
		case float64:
			ok = c.kind == real
		case string:
			ok = c.kind == text
		case []byte:
			ok = c.kind == blob
		}
		if !ok {
			return &DamageError{r.t.name, r.t.key(r.v), "column " + c.name + " holds another type"}
		}
	}
	if r.t.summed() && (r.sumless || r.t.sum(r.v) != r.sum) {
		return &DamageError{r.t.name, r.t.key(r.v), "checksum differs"}
	}
	return nil
}

// ms and fromMS keep instants as Unix milliseconds, 0 being the zero time. The instant 1970-01-01T00:00:00Z itself
// is taken a millisecond late.
func ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	if m := t.UnixMilli(); m != 0 {
		return m
	}
	return 1
}

func fromMS(m int64) time.Time {
	if m == 0 {
		return time.Time{}
	}
	return time.UnixMilli(m).UTC()
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func join(list []string) string { return strings.Join(list, " ") }

// escapeByte starts an escaped byte in a text column (DLE, "data link escape").
const escapeByte = 0x10

// escapeText makes any bytes fit a text column: Postgres takes neither NUL nor invalid UTF-8, and an error message or a
// name may hold both. Ordinary text stays as it is. Each byte that doesn't fit becomes DLE and two hex digits.
func escapeText(s string) string {
	if clean(s) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == '\uFFFD' && !strings.HasPrefix(s[i:], "\uFFFD"), r == 0, r == escapeByte:
			fmt.Fprintf(&b, "%c%02x", escapeByte, s[i])
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func clean(s string) bool {
	return !strings.ContainsAny(s, "\x00\x10") && strings.ToValidUTF8(s, "") == s
}

// unescapeText undoes escapeText.
func unescapeText(s string) string {
	if strings.IndexByte(s, escapeByte) < 0 {
		return s
	}
	var b bytes.Buffer
	for i := 0; i < len(s); i++ {
		if s[i] == escapeByte && i+2 < len(s) {
			if x, err := hex.DecodeString(s[i+1 : i+3]); err == nil {
				b.Write(x)
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
