package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Tiles says where map tiles come from.
type Tiles struct {
	// URL is a tile's address with {z}, {x} and {y} in it, and the key that the host wants. It never leaves the server.
	URL string
	// Attribution is what the host wants said on every map, as text.
	Attribution string
	// Dir is where tiles are kept, up to about [tileRoom].
	Dir string
}

// CheckTilesURL says what is wrong with a template of tiles' addresses, without saying the address.
func CheckTilesURL(text string) error {
	for _, part := range []string{"{z}", "{x}", "{y}"} {
		if strings.Count(text, part) != 1 {
			return fmt.Errorf("has no %s, or more than one", part)
		}
	}
	u, err := url.Parse(tileAddress{}.in(text))
	_, rest, _ := strings.Cut(text, "://")
	host, _, _ := strings.Cut(rest, "/")
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || strings.Contains(host, "{") {
		return errors.New("is not an address like https://tiles.example/{z}/{x}/{y}.png")
	}
	return nil
}

func (a tileAddress) in(template string) string {
	return strings.NewReplacer("{z}", strconv.Itoa(a.zoom), "{x}", strconv.Itoa(a.x), "{y}", strconv.Itoa(a.y)).Replace(template)
}

const (
	tilePatience   = 10 * time.Second // for one fetch
	tileBytes      = 1 << 20          // of one tile at most
	tilesAtOnce    = 4
	tilesPerMinute = 600
	tileRest       = time.Minute         // before what failed is asked for again
	tileLasts      = 30 * 24 * time.Hour // before it is fetched anew
	forgottenTiles = 5000                // failures remembered at most
)

var (
	errTileBusy = errors.New("as many tiles as may be were fetched in this minute")
	errTileRest = errors.New("the tile host had none a short while ago")
)

// tileHost gets tiles, from the disk or their host, and keeps them.
type tileHost struct {
	config Tiles
	agent  string
	client *http.Client
	kept   *tileStore
	now    func() time.Time
	places chan struct{} // of fetches that go on at once

	mu      sync.Mutex
	pending map[tileAddress]*fetching
	failed  map[tileAddress]time.Time
	minute  time.Time // since when fetches are counted
	fetches int
}

// fetching is one fetch, which all who want that tile wait for.
type fetching struct {
	done chan struct{}
	body []byte
	err  error
}

func newTileHost(c Tiles, agent string, now func() time.Time) (*tileHost, error) {
	if err := CheckTilesURL(c.URL); err != nil {
		return nil, fmt.Errorf("web: the tiles' address %w", err)
	}
	kept, err := openTileStore(c.Dir, c.URL)
	if err != nil {
		return nil, err
	}
	return &tileHost{
		config: c, agent: agent, kept: kept, now: now, places: make(chan struct{}, tilesAtOnce),
		pending: map[tileAddress]*fetching{}, failed: map[tileAddress]time.Time{},
		client: &http.Client{
			Timeout: tilePatience,
			// Another host is nobody that the operator chose, and might be told the key.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// get returns a tile and its type. An old one is as good as none only where the host has a new one.
func (h *tileHost) get(ctx context.Context, at tileAddress) (body []byte, kind string, err error) {
	old, since := h.kept.get(at)
	if old != nil && h.now().Sub(since) < tileLasts {
		return old, tileKind(old), nil
	}
	body, err = h.fetchOnce(ctx, at)
	if err != nil && old != nil {
		return old, tileKind(old), nil
	}
	return body, tileKind(body), err
}

// fetchOnce fetches a tile, or waits for who is already fetching it. The fetch goes on when one who waits goes away.
func (h *tileHost) fetchOnce(ctx context.Context, at tileAddress) ([]byte, error) {
	h.mu.Lock()
	f := h.pending[at]
	if f == nil {
		if err := h.mayFetch(at); err != nil {
			h.mu.Unlock()
			return nil, err
		}
		f = &fetching{done: make(chan struct{})}
		h.pending[at] = f
		go h.run(context.WithoutCancel(ctx), at, f)
	}
	h.mu.Unlock()
	select {
	case <-f.done:
		return f.body, f.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// mayFetch counts a fetch, or says why there is none now. The caller holds the lock.
func (h *tileHost) mayFetch(at tileAddress) error {
	now := h.now()
	if when, ok := h.failed[at]; ok && now.Sub(when).Abs() < tileRest {
		return errTileRest
	}
	if now.Sub(h.minute).Abs() >= time.Minute {
		h.minute, h.fetches = now, 0
	}
	if h.fetches >= tilesPerMinute {
		return errTileBusy
	}
	h.fetches++
	return nil
}

// run carries a fetch out; it ends by itself within the client's patience, once it has its place.
func (h *tileHost) run(ctx context.Context, at tileAddress, f *fetching) {
	h.places <- struct{}{}
	f.body, f.err = h.fetch(ctx, at)
	<-h.places
	if f.err == nil {
		h.kept.put(at, f.body, h.now())
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.pending, at)
	delete(h.failed, at)
	if f.err != nil {
		if len(h.failed) >= forgottenTiles {
			clear(h.failed)
		}
		h.failed[at] = h.now()
	}
	close(f.done)
}

// fetch asks the host. Its errors say nothing of the address, which has the key in it.
func (h *tileHost) fetch(ctx context.Context, at tileAddress) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at.in(h.config.URL), nil)
	if err != nil {
		return nil, errors.New("the tile's address isn't one")
	}
	r.Header.Set("User-Agent", h.agent)
	r.Header.Set("Accept", "image/png, image/jpeg, image/webp")
	resp, err := h.client.Do(r)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		return nil, fmt.Errorf("asking the tile host: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the tile host answered %d", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, tileBytes+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading a tile: %w", err)
	case len(body) > tileBytes:
		return nil, errors.New("the tile host answered with more than a tile")
	case tileKind(body) == "":
		return nil, errors.New("the tile host answered with something else than a picture")
	}
	return body, nil
}

// tileKind is the type of a picture, by its first bytes; "" for what isn't one, whatever its host calls it.
func tileKind(body []byte) string {
	switch {
	case bytes.HasPrefix(body, []byte("\x89PNG\r\n\x1a\n")):
		return "image/png"
	case bytes.HasPrefix(body, []byte("\xff\xd8\xff")):
		return "image/jpeg"
	case len(body) > 12 && string(body[:4]) == "RIFF" && string(body[8:12]) == "WEBP":
		return "image/webp"
	}
	return ""
}
