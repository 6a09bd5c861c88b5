package store

import (
	"errors"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// maxBody is the longest document, in plain bytes: ten times the streams of a day's ride. A longer one isn't taken in,
// and a stored one that claims to be longer isn't unpacked.
const maxBody = 64 << 20

var errTooLong = fmt.Errorf("the document is longer than %d MiB", maxBody>>20)

// One encoder and one decoder serve all goroutines.
var codec = sync.OnceValues(func() (*zstd.Encoder, *zstd.Decoder) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(2), zstd.WithEncoderCRC(false))
	if err != nil {
		panic(err) // the options are constants
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxMemory(maxBody))
	if err != nil {
		panic(err)
	}
	return enc, dec
})

func compress(plain []byte) ([]byte, error) {
	if len(plain) > maxBody {
		return nil, errTooLong
	}
	enc, _ := codec()
	return enc.EncodeAll(plain, make([]byte, 0, len(plain)/2+64)), nil
}

// decompress returns the plain bytes, of which there must be size.
func decompress(packed []byte, size int64) ([]byte, error) {
	if size < 0 || size > maxBody {
		return nil, errTooLong
	}
	_, dec := codec()
	plain, err := dec.DecodeAll(packed, make([]byte, 0, size))
	if err != nil {
		return nil, fmt.Errorf("unpacking the body: %w", err)
	}
	if int64(len(plain)) != size {
		return nil, errors.New("the body has another length")
	}
	return plain, nil
}
