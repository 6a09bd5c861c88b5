package web

import (
	"container/list"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// tileRoom is how many bytes of tiles are kept on disk.
const tileRoom = 256 << 20

// tileStore keeps tiles as files, and forgets those that nobody has wanted for longest. A file that can't be written or
// read is a tile that isn't kept, and no error.
type tileStore struct {
	dir  string
	room int64

	mu    sync.Mutex
	held  map[string]*list.Element // of heldTile, by file name
	order list.List                // what was wanted last is first
	bytes int64
}

type heldTile struct {
	name  string
	bytes int64
	since time.Time
}

// openTileStore opens the store in a directory, which is made if need be. Tiles of another address aren't mixed with
// these, and are removed.
func openTileStore(dir, address string) (*tileStore, error) {
	sum := sha256.Sum256([]byte(address))
	s := &tileStore{dir: filepath.Join(dir, hex.EncodeToString(sum[:8])), room: tileRoom, held: map[string]*list.Element{}}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the directory for map tiles: %w", err)
	}
	others, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("reading the directory for map tiles: %w", err)
	}
	for _, other := range others {
		if b, err := hex.DecodeString(other.Name()); err == nil && len(b) == 8 && other.Name() != filepath.Base(s.dir) {
			_ = os.RemoveAll(filepath.Join(dir, other.Name()))
		}
	}
	files, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, fmt.Errorf("reading the directory for map tiles: %w", err)
	}
	var found []heldTile
	for _, f := range files {
		if info, err := f.Info(); err == nil && info.Mode().IsRegular() {
			found = append(found, heldTile{f.Name(), info.Size(), info.ModTime()})
		}
	}
	slices.SortFunc(found, func(a, b heldTile) int { return b.since.Compare(a.since) })
	for _, t := range found {
		s.held[t.name] = s.order.PushBack(t)
		s.bytes += t.bytes
	}
	s.remove(s.shrink())
	return s, nil
}

func (a tileAddress) file() string { return fmt.Sprintf("%d-%d-%d", a.zoom, a.x, a.y) }

// get returns a tile that is kept, and since when; nil if it isn't.
func (s *tileStore) get(at tileAddress) ([]byte, time.Time) {
	s.mu.Lock()
	e := s.held[at.file()]
	if e == nil {
		s.mu.Unlock()
		return nil, time.Time{}
	}
	s.order.MoveToFront(e)
	since := e.Value.(heldTile).since
	s.mu.Unlock()
	body, err := os.ReadFile(filepath.Join(s.dir, at.file()))
	if err != nil || tileKind(body) == "" {
		return nil, time.Time{}
	}
	return body, since
}

// put keeps a tile.
func (s *tileStore) put(at tileAddress, body []byte, now time.Time) {
	name := at.file()
	path := filepath.Join(s.dir, name)
	f, err := os.CreateTemp(s.dir, ".new-")
	if err != nil {
		return
	}
	_, err = f.Write(body)
	if err2 := f.Close(); err == nil {
		err = err2
	}
	if err == nil {
		err = os.Chtimes(f.Name(), now, now)
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return
	}
	s.mu.Lock()
	s.forget(name)
	s.held[name] = s.order.PushFront(heldTile{name, int64(len(body)), now})
	s.bytes += int64(len(body))
	gone := s.shrink()
	s.mu.Unlock()
	s.remove(gone)
}

// forget takes a tile off the books. The caller holds the lock.
func (s *tileStore) forget(name string) {
	if e := s.held[name]; e != nil {
		s.bytes -= s.order.Remove(e).(heldTile).bytes
		delete(s.held, name)
	}
}

// shrink takes tiles off the books until there is room, and returns their names. The caller holds the lock.
func (s *tileStore) shrink() (gone []string) {
	for s.bytes > s.room && s.order.Len() > 0 {
		name := s.order.Back().Value.(heldTile).name
		s.forget(name)
		gone = append(gone, name)
	}
	return gone
}

func (s *tileStore) remove(names []string) {
	for _, name := range names {
		_ = os.Remove(filepath.Join(s.dir, name))
	}
}
