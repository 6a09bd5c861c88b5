package feed

import (
	"bytes"
	"container/list"
	"crypto/sha256"
	"encoding/base64"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// The content codings that a response can have; Plain is none.
const (
	Plain = ""
	Gzip  = "gzip"
	Zstd  = "zstd"
)

// Response is a reply's body, ready to be sent in any coding. Each coding is made once, when first asked for.
type Response struct {
	Body []byte // JSON; not to be changed

	plainTag, gzipTag, zstdTag string
	gzip, zstd                 func() []byte
}

// worthwhile is the size, in bytes, below which compressing a body saves no packet.
const worthwhile = 1000

// NewResponse makes a response of a body. variant goes into the entity tag, so that two readers never share one.
func NewResponse(body []byte, variant string) *Response {
	h := sha256.New()
	h.Write([]byte(variant))
	h.Write([]byte{0})
	h.Write(body)
	tag := base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:18])
	return &Response{
		Body:     body,
		plainTag: `"` + tag + `"`, gzipTag: `"` + tag + "-" + Gzip + `"`, zstdTag: `"` + tag + "-" + Zstd + `"`,
		gzip: sync.OnceValue(func() []byte { return gzipped(body) }),
		zstd: sync.OnceValue(func() []byte { return encoder().EncodeAll(body, nil) }),
	}
}

// Worthwhile reports whether the body is large enough to be compressed.
func (r *Response) Worthwhile() bool { return len(r.Body) >= worthwhile }

// Encoded returns the body in a coding.
func (r *Response) Encoded(coding string) []byte {
	switch coding {
	case Gzip:
		return r.gzip()
	case Zstd:
		return r.zstd()
	}
	return r.Body
}

// ETag returns the strong entity tag of the body in a coding: the same bytes for the same reader have the same tag,
// on every instance and after every restart; other bytes have another.
func (r *Response) ETag(coding string) string {
	switch coding {
	case Gzip:
		return r.gzipTag
	case Zstd:
		return r.zstdTag
	}
	return r.plainTag
}

var encoder = sync.OnceValue(func() *zstd.Encoder {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(2))
	if err != nil {
		panic(err) // options are constant
	}
	return e
})

var gzipWriters = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

func gzipped(body []byte) []byte {
	var b bytes.Buffer
	w := gzipWriters.Get().(*gzip.Writer)
	defer gzipWriters.Put(w)
	w.Reset(&b)
	_, _ = w.Write(body) // a buffer takes everything
	_ = w.Close()
	return b.Bytes()
}

// The bounds of the cache of responses.
const (
	cachedResponses = 128
	cachedBytes     = 16 << 20
)

// A cache keeps the responses asked for last. Their keys name the view they are of, so nothing in it is ever stale.
type cache struct {
	mu    sync.Mutex
	order *list.List // of *cached, last used first
	byKey map[string]*list.Element
	bytes int
}

type cached struct {
	key      string
	response *Response
}

func newCache() *cache { return &cache{order: list.New(), byKey: map[string]*list.Element{}} }

// get returns the response of a key, made by make if it isn't there.
func (c *cache) get(key string, make func() (*Response, error)) (*Response, error) {
	if r := c.look(key); r != nil {
		return r, nil
	}
	r, err := make() // outside the lock; two may make the same, which harms nobody
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.byKey[key]; e != nil {
		return e.Value.(*cached).response, nil
	}
	c.byKey[key] = c.order.PushFront(&cached{key, r})
	c.bytes += len(r.Body)
	for c.order.Len() > cachedResponses || c.bytes > cachedBytes && c.order.Len() > 1 {
		last := c.order.Remove(c.order.Back()).(*cached)
		delete(c.byKey, last.key)
		c.bytes -= len(last.response.Body)
	}
	return r, nil
}

func (c *cache) look(key string) *Response {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.byKey[key]
	if e == nil {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(*cached).response
}
