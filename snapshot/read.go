package snapshot

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/klauspost/compress/zstd"

	"musette/store"
)

// Info describes a snapshot.
type Info struct {
	Path  string
	At    time.Time // when it was written, UTC
	Epoch string    // the position in the store's changes that it holds
	Seq   int64
	Rows  map[string]int // by table
	Bytes int64          // of the file
	Hash  string         // the ContentHash, hex
	Err   error          // in a List: why the file can't be used, as far as its end shows
}

// Verify reads the whole file and returns what it holds. One that can't be
// used is [ErrNotSnapshot], [ErrNewer], [ErrCutShort] or [ErrAltered].
func Verify(ctx context.Context, path string) (Info, error) {
	return scanFile(ctx, path, func(store.Row) error { return nil })
}

// scanFile yields every row. Only when it returns without an error is what was
// yielded known to be what was written.
func scanFile(ctx context.Context, path string, yield func(store.Row) error) (Info, error) {
	f, err := os.Open(path)
	if err != nil {
		return Info{}, fmt.Errorf("open the snapshot: %w", err)
	}
	defer f.Close()
	stat, err := f.Stat()
	if err != nil {
		return Info{}, fmt.Errorf("open the snapshot: %w", err)
	}
	info, err := scan(ctx, f, stat.Size(), yield)
	if err != nil {
		return Info{}, fmt.Errorf("snapshot %s: %w", path, err)
	}
	info.Path = path
	return info, nil
}

// scan is scanFile over anything that holds a snapshot.
func scan(ctx context.Context, f io.ReaderAt, size int64, yield func(store.Row) error) (Info, error) {
	end, endErr := readEnd(f, size)
	if endErr != nil {
		end.at = size
	}
	whole := sha256.New()
	packed := &counter{ctx: ctx, r: io.TeeReader(io.NewSectionReader(f, 0, end.at), whole)}
	z, err := zstd.NewReader(packed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
	if err != nil {
		return Info{}, fmt.Errorf("read: %w", err)
	}
	defer z.Close()
	lines := &lineReader{r: bufio.NewReaderSize(z, 64<<10), packed: packed}

	head, err := lines.next()
	var h header
	if err == nil {
		h, err = decodeHeader(head)
	}
	if err = judge(err, end, endErr, f); err != nil {
		return Info{}, firstError(ctx, packed.err, err)
	}
	s := newSums()
	s.header(head)
	sameHead := bytes.Equal(head, end.head)
	tail, said, err := scanRows(ctx, lines, s, yield)
	if err != nil {
		return Info{}, err
	}
	if _, err := lines.next(); err != io.EOF {
		return Info{}, firstError(ctx, refuse(ErrAltered, "there is more after the trailer"))
	}
	if _, err := io.Copy(io.Discard, packed); err != nil {
		return Info{}, err
	}
	whole.Write(end.hashed)
	switch {
	case !said.equal(s.trailer()):
		return Info{}, refuse(ErrAltered, "rows or their SHA-256 differ from the trailer")
	case !sameHead || !bytes.Equal(tail, end.tail), !bytes.Equal(whole.Sum(nil), end.sum):
		return Info{}, refuse(ErrAltered, "the SHA-256 of the file differs")
	}
	return infoOf(h, said, size), nil
}

// scanRows reads up to the trailer, which it returns as text and as what it
// says.
func scanRows(ctx context.Context, lines *lineReader, s *sums, yield func(store.Row) error) ([]byte, trailer, error) {
	for {
		text, err := lines.next()
		if err == io.EOF {
			err = refuse(ErrAltered, "the trailer is missing")
		}
		if err != nil {
			return nil, trailer{}, firstError(ctx, err)
		}
		row, t, err := decodeLine(text)
		if err != nil {
			return nil, trailer{}, err
		}
		if row.Table == "" {
			return bytes.Clone(text), t, nil
		}
		s.row(row.Table, text)
		if err := yield(row); err != nil {
			return nil, trailer{}, err
		}
	}
}

func infoOf(h header, t trailer, size int64) Info {
	return Info{At: h.Created.UTC(), Epoch: h.Epoch, Seq: h.Seq, Rows: t.Rows, Bytes: size, Hash: t.Content}
}

// firstError returns the context's error if that has ended, else the first.
func firstError(ctx context.Context, errs ...error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// judge weighs what is wrong with a file's beginning and with its end, nil if
// nothing is. A newer format may end in another way.
func judge(headErr error, end end, endErr error, f io.ReaderAt) error {
	if errors.Is(headErr, ErrNewer) {
		return headErr
	}
	if endErr == nil {
		if _, err := decodeHeader(end.head); err != nil || headErr == nil {
			return err
		}
		return refuse(ErrAltered, "its beginning can't be read")
	}
	magic := make([]byte, 4)
	n, _ := f.ReadAt(magic, 0)
	if errors.Is(headErr, ErrNotSnapshot) || !bytes.HasPrefix(zstdMagic, magic[:n]) {
		return refuse(ErrNotSnapshot, "it doesn't begin as one")
	}
	return endErr
}

var zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}

// counter counts what passes, and stops when the context ends.
type counter struct {
	ctx context.Context
	r   io.Reader
	n   int64
	err error // of the file itself, which the decompressor wraps or swallows
}

func (c *counter) Read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		c.err = err
		return 0, err
	}
	n, err := c.r.Read(b)
	c.n += int64(n)
	if err != nil && err != io.EOF {
		c.err = err
	}
	return n, err
}

// lineReader reads lines of bounded length that grow from the packed bytes
// only so far.
type lineReader struct {
	r      *bufio.Reader
	packed *counter
	n      int64
	buf    []byte
}

// next returns a line with its line feed, good until the next call, or io.EOF
// after the last.
func (l *lineReader) next() ([]byte, error) {
	l.buf = l.buf[:0]
	for {
		part, err := l.r.ReadSlice('\n')
		l.n += int64(len(part))
		if l.n > maxFree+maxGrowth*l.packed.n {
			return nil, refuse(ErrAltered, "it unpacks to more than %d times its size", maxGrowth)
		}
		if len(l.buf)+len(part) > maxLine {
			return nil, refuse(ErrAltered, "a line is longer than %d MiB", maxLine>>20)
		}
		l.buf = append(l.buf, part...)
		switch {
		case err == nil:
			return l.buf, nil
		case err == bufio.ErrBufferFull:
		case l.packed.err != nil:
			return nil, l.packed.err
		case err == io.EOF && len(l.buf) == 0:
			return nil, io.EOF
		case err == io.EOF:
			return nil, refuse(ErrAltered, "the last line is not whole")
		default:
			return nil, refuse(ErrAltered, "it can't be unpacked: %v", err)
		}
	}
}
