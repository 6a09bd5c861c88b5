package gallery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"musette"
	"musette/store"
)

const (
	// scanRead is how many changes are looked at in one transaction, and scanMost how far behind it is still quicker to
	// look at what changed than at everything.
	scanRead, scanMost = 500, 5000
	// scanWrite is how many rows one transaction writes.
	scanWrite = 200
	// standInWait is how long a stand-in is left alone: mostly the photos themselves are here by then.
	standInWait = time.Hour
)

// scan looks at the views that have changed since the last time, at all of them the first time, and notes which photos
// there are now. It reports whether anything was written.
func (g *Gallery) scan(ctx context.Context) (wrote bool, err error) {
	for {
		var news []store.Picture
		var at store.Position
		more := false
		err := g.Store.View(ctx, func(tx *store.Tx) (err error) {
			if at, err = tx.Position(ctx); err != nil || at == g.seen {
				return err
			}
			if at.Epoch != g.seen.Epoch || at.Oldest > g.seen.Seq || at.Seq-g.seen.Seq > scanMost {
				g.sorted = time.Time{} // what is in the store may have been replaced
				news, err = g.everything(ctx, tx)
				return err
			}
			changes, err := tx.Changes(ctx, g.seen.Seq, scanRead)
			if err = sound(err); err != nil {
				return err
			}
			if more = len(changes) == scanRead; more {
				at.Seq = changes[len(changes)-1].Seq
			}
			news, err = g.changed(ctx, tx, changes)
			return err
		})
		if err != nil || at == g.seen {
			return wrote, err
		}
		if err := g.note(ctx, news); err != nil {
			return wrote, err
		}
		wrote = wrote || len(news) > 0
		g.seen = at
		if !more {
			return wrote, nil
		}
	}
}

// note writes rows. What has gone meanwhile gets none.
func (g *Gallery) note(ctx context.Context, news []store.Picture) error {
	for some := range slices.Chunk(news, scanWrite) {
		err := g.Store.Update(ctx, nil, func(tx *store.Tx) error {
			for _, p := range some {
				_, err := tx.Activity(ctx, p.AthleteID, p.ActivityID)
				if errors.Is(err, store.ErrNotFound) {
					continue
				}
				if err = sound(err); err != nil {
					return err
				}
				if err := tx.PutPicture(ctx, p); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// stays reports whether an athlete is still here; one whose row is damaged is.
func stays(ctx context.Context, tx *store.Tx, athleteID int64) (bool, error) {
	has, err := tx.HasAthlete(ctx, athleteID)
	return has || err != nil, sound(err)
}

func (g *Gallery) everything(ctx context.Context, tx *store.Tx) (news []store.Picture, err error) {
	athletes, err := tx.Athletes(ctx)
	if err = sound(err); err != nil {
		return nil, err
	}
	for _, who := range athletes {
		list, err := tx.Pictures(ctx, who.ID, 0)
		if err = sound(err); err != nil {
			return nil, err
		}
		have := map[int64][]store.Picture{}
		for _, p := range list {
			have[p.ActivityID] = append(have[p.ActivityID], p)
		}
		for row, err := range tx.Activities(ctx, who.ID) {
			if sound(err) != nil {
				return nil, err
			}
			if err == nil {
				news = append(news, g.wanted(row, have[row.ID])...)
			}
		}
	}
	return news, nil
}

func (g *Gallery) changed(ctx context.Context, tx *store.Tx, changes []store.Change) (news []store.Picture, err error) {
	for _, c := range changes {
		if c.ActivityID == 0 || c.Kind == store.ChangeGone {
			continue
		}
		row, err := tx.Activity(ctx, c.AthleteID, c.ActivityID)
		if err != nil {
			continue // gone meanwhile, or damaged; an error of the store comes again below
		}
		have, err := tx.Pictures(ctx, c.AthleteID, c.ActivityID)
		if err = sound(err); err != nil {
			return nil, err
		}
		news = append(news, g.wanted(row, have)...)
	}
	return news, nil
}

// wanted compares the photos of a view with the pictures that are known of, and returns those to write. Photos are told
// apart by their identity: an address changes while the photo is the same.
func (g *Gallery) wanted(row store.Activity, have []store.Picture) (news []store.Picture) {
	if row.Status == store.StatusGone || row.ViewVersion != musette.ViewVersion {
		return nil // its documents stay for now, and so do its pictures; an older view is derived anew soon
	}
	var view struct {
		Photos []musette.Photo `json:"photos"`
	}
	if err := json.Unmarshal(row.View, &view, jsontext.AllowInvalidUTF8(true)); err != nil {
		g.Log.Error("a stored view can't be read", "error", fmt.Errorf("activity %d: %w", row.ID, err))
		return nil
	}
	now := g.Now()
	shown := map[string]bool{}
	for _, photo := range view.Photos {
		if photo.ID == "" || shown[photo.ID] {
			continue
		}
		shown[photo.ID] = true
		i := slices.IndexFunc(have, func(p store.Picture) bool { return p.PhotoID == photo.ID })
		p := store.Picture{AthleteID: row.AthleteID, ActivityID: row.ID, PhotoID: photo.ID}
		if i >= 0 {
			p = have[i]
		}
		if see(&p, photo, now) {
			news = append(news, p)
		}
	}
	for _, p := range have {
		if !shown[p.PhotoID] && p.DroppedAt.IsZero() {
			p.DroppedAt, p.Due = now, time.Time{}
			news = append(news, p)
		}
	}
	return news
}

// see brings a picture's row up to what a view shows, and reports whether that changed it.
func see(p *store.Picture, photo musette.Photo, now time.Time) (changed bool) {
	if !p.DroppedAt.IsZero() {
		p.DroppedAt, changed = time.Time{}, true
		if !p.Kept() {
			p.Due = now
		}
	}
	if p.URL == photo.URL || p.Kept() && photo.AskedPX <= p.AskedPX {
		return changed
	}
	p.URL, p.AskedPX, p.Failures, p.Due = photo.URL, photo.AskedPX, 0, now
	if photo.StandIn {
		p.Due = now.Add(standInWait)
	}
	if !p.Kept() {
		p.Outcome = store.PictureDue
	}
	return true
}
