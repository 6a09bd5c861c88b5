package gallery

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"musette/picture"
	"musette/store"
)

// Config says what is kept, and where.
type Config struct {
	Store *store.Store
	// Dir is where pictures are kept as files; "" keeps them in the store.
	Dir string
	// Copies are directories that Backup writes to. What is missing is taken from there.
	Copies []string

	// Strava is the address of its API. Pictures are fetched by https, and by http or from this machine only where this
	// address is so, too.
	Strava    string
	UserAgent string
	// Offline reports whether Strava can't be reached at all: then nothing is fetched. nil: never.
	Offline func(context.Context) bool
	// Failed is called with why pictures can't be kept, whenever that changes, and with nil when they can. nil: nobody
	// is told.
	Failed func(context.Context, error)
	// Keep is how long a picture stays after the last document that named it, default 30 days. Negative: not at all.
	Keep time.Duration

	Now func() time.Time // default [time.Now]
	Log *slog.Logger     // default: nothing is logged
}

// Gallery keeps the pictures of one store. Run and Sync are for one goroutine at a time, that of whoever leads; the other
// methods are for any.
type Gallery struct {
	Config
	vault  vault
	copies []folder
	client *http.Client
	strava *url.URL

	hosts  hosts
	seen   store.Position // up to here views have been looked at
	sorted time.Time      // when what is here was last compared with what should be
	doubt  atomic.Bool    // something that should be here isn't
}

// New returns a gallery. It fetches nothing yet.
func New(c Config) (*Gallery, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Keep == 0 {
		c.Keep = 30 * 24 * time.Hour
	}
	g := &Gallery{Config: c, vault: rows{c.Store}, hosts: hosts{}}
	if c.Dir != "" {
		g.vault = folder{c.Dir}
	}
	for _, dir := range c.Copies {
		g.copies = append(g.copies, folder{dir})
	}
	var err error
	if g.strava, err = url.Parse(c.Strava); err != nil {
		return nil, err
	}
	g.client = newClient(g.strava)
	return g, nil
}

// Close ends idle connections.
func (g *Gallery) Close() error {
	g.client.CloseIdleConnections()
	return nil
}

const (
	// glance is how often Run looks whether there are new photos.
	glance = time.Second
	// again is how soon after a failure of the store Run goes on.
	again = 5 * time.Second
	// roomAgain is how soon it goes on where there was no room for what it had fetched.
	roomAgain = time.Minute
	// sortEvery is how often what is here is compared with what should be.
	sortEvery = 24 * time.Hour
)

// Run fetches what is due and makes smaller sizes until ctx ends, which is no error. changed is called, by Run's own
// goroutine, whenever something was written to the store.
func (g *Gallery) Run(ctx context.Context, changed func()) error {
	told, first := "", true
	for ctx.Err() == nil {
		busy, err := g.round(ctx, true, changed)
		if ctx.Err() != nil {
			return nil
		}
		now, wait := "", glance
		if err != nil {
			now, wait = err.Error(), again
		}
		if errors.Is(err, store.ErrDiskFull) {
			wait = roomAgain
		}
		if now != told || first {
			g.tell(ctx, err)
		}
		if now != told && err != nil {
			g.Log.Warn("pictures can't be kept just now; it is tried again by and by", "error", err)
		}
		told, first = now, false
		if busy && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
	return nil
}

// Sync fetches what is due now, and returns when nothing is. Smaller sizes are left to Run; until then the pictures are
// shown as they came.
func (g *Gallery) Sync(ctx context.Context, changed func()) error {
	for {
		busy, err := g.round(ctx, false, changed)
		if err != nil || !busy {
			g.tell(ctx, err)
			return err
		}
	}
}

// tell passes on whether pictures can be kept.
func (g *Gallery) tell(ctx context.Context, err error) {
	if g.Failed != nil && ctx.Err() == nil {
		g.Failed(ctx, err)
	}
}

// round does the next few things, and reports whether there may be more to do at once.
func (g *Gallery) round(ctx context.Context, sizes bool, changed func()) (busy bool, err error) {
	wrote, err := g.scan(ctx)
	if wrote {
		changed()
	}
	if err != nil {
		return false, err
	}
	if wrote, err = g.sort(ctx); wrote {
		changed()
	}
	if err != nil {
		return false, err
	}
	if busy, err = g.fetchSome(ctx, sizes); busy {
		changed()
	}
	if busy || err != nil || !sizes {
		return busy, err
	}
	if busy, err = g.makeOne(ctx); busy {
		changed()
	}
	return busy, err
}

// makeOne makes the smaller sizes of one picture that has none yet.
func (g *Gallery) makeOne(ctx context.Context) (done bool, err error) {
	var list []store.Picture
	err = g.Store.View(ctx, func(tx *store.Tx) (err error) {
		list, err = tx.PicturesUnmade(ctx, 1)
		return sound(err)
	})
	if err != nil || len(list) == 0 {
		return false, err
	}
	p := list[0]
	body, err := g.Read(ctx, p.AthleteID, p.SHA256)
	if errors.Is(err, ErrMissing) { // sort sees to it
		g.doubt.Store(true)
		return true, nil
	}
	if err != nil {
		return false, err
	}
	forms, err := picture.Make(body)
	if err != nil { // what came was looked at, but not all of it; it is shown as it is
		g.Log.Info("no smaller sizes can be made of a picture", "activity", p.ActivityID, "photo", p.PhotoID, "reason", err)
		forms = nil
	}
	p.Made, p.Forms = true, nil
	for _, f := range forms {
		if f.Size == 0 {
			continue
		}
		form, err := g.putForm(ctx, p.AthleteID, f)
		if err != nil {
			return false, err
		}
		p.Forms = append(p.Forms, form)
	}
	return true, g.update(ctx, p, func(now *store.Picture) bool {
		if now.SHA256 != p.SHA256 { // another one has come meanwhile
			return false
		}
		now.Made, now.Forms = p.Made, p.Forms
		return true
	})
}

func (g *Gallery) putForm(ctx context.Context, athleteID int64, f picture.Form) (store.PictureForm, error) {
	sha, err := g.vault.put(ctx, athleteID, f.Body)
	return store.PictureForm{Size: f.Size, Width: f.Width, Height: f.Height, Bytes: int64(len(f.Body)), SHA256: sha}, err
}

// update changes a picture's row, if it is still there, and tells readers.
func (g *Gallery) update(ctx context.Context, p store.Picture, change func(*store.Picture) bool) error {
	return g.Store.Update(ctx, nil, func(tx *store.Tx) error {
		now, err := current(ctx, tx, p)
		if err != nil || now == nil || !change(now) {
			return err
		}
		return show(ctx, tx, *now)
	})
}

// show writes a picture of which readers see another thing than before; of an activity that is gone nobody sees anything.
func show(ctx context.Context, tx *store.Tx, p store.Picture) error {
	err := tx.PutPictureShown(ctx, p)
	if errors.Is(err, store.ErrNotFound) {
		return tx.PutPicture(ctx, p)
	}
	return err
}

// current is a picture's row as it is now, nil if it is no more.
func current(ctx context.Context, tx *store.Tx, p store.Picture) (*store.Picture, error) {
	list, err := tx.Pictures(ctx, p.AthleteID, p.ActivityID)
	if err = sound(err); err != nil {
		return nil, err
	}
	for i := range list {
		if list[i].PhotoID == p.PhotoID {
			return &list[i], nil
		}
	}
	return nil, nil
}

// sound is err, but for damaged rows: the others go on, and the keeper mends them.
func sound(err error) error {
	if store.Damages(err) != nil {
		return nil
	}
	return err
}

// ErrMissing says that a picture isn't here, or isn't what it was.
var ErrMissing = errors.New("the picture isn't here")

// Read returns what is kept under a hash, verified: from where it is kept, or else from a copy. The error is [ErrMissing]
// if nobody has it whole.
func (g *Gallery) Read(ctx context.Context, athleteID int64, sha string) ([]byte, error) {
	body, err := g.vault.get(ctx, athleteID, sha)
	if err == nil {
		return body, nil
	}
	for _, c := range g.copies {
		if body, e := c.get(ctx, athleteID, sha); e == nil {
			g.doubt.Store(true)
			return body, nil
		}
	}
	if errors.Is(err, ErrMissing) {
		g.doubt.Store(true)
	}
	return nil, err
}
