package snapshot

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"musette/store"
)

// typed reports whether an error is one that callers can tell apart.
func typed(err error) bool {
	return errors.Is(err, ErrNotSnapshot) || errors.Is(err, ErrNewer) || errors.Is(err, ErrCutShort) || errors.Is(err, ErrAltered)
}

func TestEveryByteFlipIsFound(t *testing.T) {
	file := small(t)
	if _, err := scanBytes(t, file); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes", len(file))
	b := bytes.Clone(file)
	for i := range b {
		for _, flip := range []byte{0x01, 0x80, 0xff} {
			b[i] = file[i] ^ flip
			if _, err := scanBytes(t, b); !typed(err) {
				t.Errorf("byte %d ^ %#x: %v", i, flip, err)
			}
		}
		b[i] = file[i]
	}
}

func TestEveryTruncationIsFound(t *testing.T) {
	file := small(t)
	for n := range file {
		if _, err := scanBytes(t, file[:n]); !errors.Is(err, ErrCutShort) {
			t.Errorf("cut to %d of %d bytes: %v", n, len(file), err)
		}
	}
	// Nor may anything be added, be it a second snapshot.
	for name, b := range map[string][]byte{
		"a byte after": append(bytes.Clone(file), 0), "a byte before": append([]byte{0}, file...), "twice": append(bytes.Clone(file), file...),
	} {
		if _, err := scanBytes(t, b); !typed(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// sealed gives bytes of zstd the right end, so that only what they unpack to
// is wrong.
func sealed(packed []byte, head, tail string) []byte {
	whole := sha256.New()
	whole.Write(packed)
	return append(bytes.Clone(packed), appendEnd([]byte(head+"\n"), []byte(tail+"\n"), whole)...)
}

func pack(t testing.TB, window int, parts ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	z, err := zstd.NewWriter(&out, zstd.WithWindowSize(window), zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range parts {
		if _, err := z.Write([]byte(p)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestWrongContent(t *testing.T) {
	const row = `{"t":"a","r":{"x":1}}`
	const tail = `{"rows":{"a":1},"content":"c","sha256":"s"}`
	good := made(t, goodHeader, row)
	if info, err := scanBytes(t, good); err != nil || info.Rows["a"] != 1 || info.Seq != 3 {
		t.Fatalf("a good one: %+v, %v", info, err)
	}
	withLines := func(lines ...string) []byte {
		return sealed(pack(t, window, strings.Join(lines, "\n")), lines[0], tail)
	}
	mib := strings.Repeat("x", 1<<20)
	long := []string{goodHeader + "\n", `{"t":"a","r":"`}
	for range 60 {
		long = append(long, mib)
	}
	bomb := []string{goodHeader + "\n"}
	wide := fmt.Sprintf(`{"t":"a","r":{"x":"%s"}}`+"\n", mib[:100_000])
	for range 1000 {
		bomb = append(bomb, wide)
	}
	for _, c := range []struct {
		name string
		file []byte
		want error
	}{
		{"newer", made(t, strings.Replace(goodHeader, `"version":1`, `"version":2,"more":[]`, 1), `{"quite":"different"}`), ErrNewer},
		{"newer, with another end", pack(t, window, strings.Replace(goodHeader, `"version":1`, `"version":9`, 1)+"\n", "?"), ErrNewer},
		{"version 0", made(t, strings.Replace(goodHeader, `"version":1`, `"version":0`, 1), row), ErrAltered},
		{"no time", made(t, strings.Replace(goodHeader, `2026-05-22T12`, `0001-01-01T00`, 1), row), ErrAltered},
		{"no header", made(t, row, row), ErrNotSnapshot},
		{"no trailer", withLines(goodHeader, row, ""), ErrAltered},
		{"wrong trailer", withLines(goodHeader, row, tail, ""), ErrAltered},
		{"half a line", withLines(goodHeader, row, `{"t":"a`), ErrAltered},
		{"after the trailer", withLines(goodHeader, tail, row, ""), ErrAltered},
		{"empty line", withLines(goodHeader, "", tail, ""), ErrAltered},
		{"row and trailer", withLines(goodHeader, `{"t":"a","r":{},"rows":{},"content":"","sha256":"x"}`, ""), ErrAltered},
		{"unknown member", withLines(goodHeader, `{"t":"a","r":{},"z":1}`, ""), ErrAltered},
		{"name twice", withLines(goodHeader, `{"t":"a","t":"b","r":{}}`, ""), ErrAltered},
		{"other header at the end", sealed(pack(t, window, goodHeader+"\n", row+"\n", tail+"\n"), strings.Replace(goodHeader, `"seq":3`, `"seq":4`, 1), tail), ErrAltered},
		{"long line", sealed(pack(t, window, long...), goodHeader, tail), ErrAltered},
		{"bomb", sealed(pack(t, window, bomb...), goodHeader, tail), ErrAltered},
		{"large window", sealed(pack(t, 64<<20, long...), goodHeader, tail), ErrAltered},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows := 0
			before := heap()
			_, err := scan(t.Context(), bytes.NewReader(c.file), int64(len(c.file)), func(store.Row) error { rows++; return nil })
			if !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
			if grown := heap() - before; grown > 200<<20 {
				t.Errorf("took %d MiB", grown>>20)
			}
			t.Logf("%d bytes, %d rows: %v", len(c.file), rows, err)
		})
	}
}

func heap() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse)
}

func TestCancelled(t *testing.T) {
	file := small(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := scan(ctx, bytes.NewReader(file), int64(len(file)), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// Memory is that of a page of rows, however many there are.
func TestMemoryStaysFlat(t *testing.T) {
	peakOf := func(activities int) (writing, loading int64) {
		from, to := openSQLite(t), openSQLite(t)
		fill(t, from, 1, activities, 1000)
		dir := t.TempDir()
		var info Info
		writing = peak(func() { info = write(t, from, Config{Dir: dir}) })
		loading = peak(func() {
			if err := Load(t.Context(), info.Path, to); err != nil {
				t.Error(err)
			}
		})
		t.Logf("%d activities, %d rows, %.1f MiB: %.1f MiB writing, %.1f MiB loading", activities, total(info.Rows),
			float64(info.Bytes)/(1<<20), float64(writing)/(1<<20), float64(loading)/(1<<20))
		return writing, loading
	}
	smallWriting, smallLoading := peakOf(300)
	writing, loading := peakOf(6000)
	const slack = 24 << 20
	if writing > smallWriting+slack || loading > smallLoading+slack {
		t.Errorf("memory grew by %d MiB writing and %d MiB loading", (writing-smallWriting)>>20, (loading-smallLoading)>>20)
	}
}

func total(rows map[string]int) (n int) {
	for _, count := range rows {
		n += count
	}
	return n
}

// peak returns by how much the heap grew at most while f ran, as seen every
// few milliseconds.
func peak(f func()) int64 {
	runtime.GC()
	before, most := heap(), int64(0)
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(3 * time.Millisecond)
		defer tick.Stop()
		for {
			most = max(most, heap()-before)
			select {
			case <-done:
				return
			case <-tick.C:
			}
		}
	}()
	f()
	close(done)
	<-stopped
	return most
}

func FuzzRead(f *testing.F) {
	f.Add(made(f, goodHeader)) // no store's: SQLite is slow where it is instrumented
	f.Add(made(f, goodHeader, `{"t":"a","r":{"x":1}}`))
	f.Add(sealed(pack(f, window, goodHeader+"\n"), goodHeader, `{"rows":{},"content":"","sha256":"x"}`))
	f.Fuzz(func(t *testing.T, file []byte) {
		s := newSums()
		info, err := scan(t.Context(), bytes.NewReader(file), int64(len(file)), func(r store.Row) error {
			b, err := appendRow(nil, r)
			s.row(r.Table, b)
			return err
		})
		if err != nil {
			return
		}
		if got := fmt.Sprintf("%x", s.content.Sum(nil)); got != info.Hash && len(info.Rows) > 0 {
			t.Errorf("accepted, with content %s for rows of %s", info.Hash, got)
		}
	})
}

// FuzzLines makes the end and the hashes right, so that the lines themselves
// are tried.
func FuzzLines(f *testing.F) {
	f.Add(goodHeader + "\n" + `{"t":"a","r":{"x":1}}` + "\n" + `{"rows":{"a":1},"content":"c","sha256":"s"}` + "\n")
	f.Add("{}\n")
	f.Fuzz(func(t *testing.T, text string) {
		file := sealed(pack(t, window, text), goodHeader, `{"rows":{},"content":"","sha256":"x"}`)
		if _, err := scanBytes(t, file); err == nil {
			t.Error("accepted a trailer without its hash")
		} else if !typed(err) {
			t.Errorf("%v", err)
		}
	})
}
