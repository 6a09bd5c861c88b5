package gallery

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"musette/store"
)

// sort compares what is here with what should be, once a day and whenever something was missing: what is missing is taken
// from a copy or fetched again, what nothing names goes. It reports whether anything was written.
func (g *Gallery) sort(ctx context.Context) (wrote bool, err error) {
	now := g.Now()
	doubt := g.doubt.Swap(false)
	if !doubt && !g.sorted.IsZero() && now.Sub(g.sorted) < sortEvery && !now.Before(g.sorted) {
		return false, nil
	}
	if wrote, err = g.dropOld(ctx, now); err != nil {
		return wrote, fmt.Errorf("letting go of old pictures: %w", err)
	}
	athletes, err := g.athletes(ctx)
	if err != nil {
		return wrote, err
	}
	for _, id := range athletes {
		mended, err := g.mend(ctx, id, doubt)
		wrote = wrote || mended
		if err != nil {
			return wrote, fmt.Errorf("looking through the pictures of athlete %d: %w", id, err)
		}
		if err := g.dropUnnamed(ctx, g.vault, id, now.Add(-max(g.Keep, unnamedAtLeast))); err != nil {
			return wrote, fmt.Errorf("removing pictures of athlete %d that nothing names: %w", id, err)
		}
	}
	g.sorted = now
	return wrote, nil
}

// unnamedAtLeast is how long bytes that no row names stay at least: their row may be about to be written.
const unnamedAtLeast = time.Hour

// whenever is later than the time of any file.
var whenever = time.Unix(1<<40, 0)

func (g *Gallery) athletes(ctx context.Context) (ids []int64, err error) {
	err = g.Store.View(ctx, func(tx *store.Tx) error {
		list, err := tx.Athletes(ctx)
		for _, who := range list {
			ids = append(ids, who.ID)
		}
		return sound(err)
	})
	return ids, err
}

// dropOld forgets the pictures that no view has shown for long, unless some document still names their photo.
func (g *Gallery) dropOld(ctx context.Context, now time.Time) (wrote bool, err error) {
	for more := true; more; {
		err := g.Store.Update(ctx, nil, func(tx *store.Tx) error {
			list, err := tx.PicturesDropped(ctx, now.Add(-max(g.Keep, 0)), scanWrite)
			if err = sound(err); err != nil {
				return err
			}
			more = len(list) == scanWrite
			wrote = wrote || len(list) > 0
			for _, p := range list {
				named, err := isNamed(ctx, tx, p)
				if err != nil {
					return err
				}
				if named {
					p.DroppedAt = now
					err = tx.PutPicture(ctx, p)
				} else {
					err = tx.DropPicture(ctx, p)
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return wrote, err
		}
	}
	return wrote, nil
}

// isNamed reports whether a document, an older one perhaps, has a photo in it.
func isNamed(ctx context.Context, tx *store.Tx, p store.Picture) (bool, error) {
	names := func(body []byte) bool {
		return bytes.Contains(body, []byte(p.PhotoID)) || p.URL != "" && bytes.Contains(body, []byte(p.URL))
	}
	docs, err := tx.Documents(ctx, p.AthleteID, p.ActivityID)
	if err != nil { // a damaged one may be the one that does
		return true, sound(err)
	}
	for _, d := range docs {
		if names(d.Body) {
			return true, nil
		}
	}
	older, err := tx.History(ctx, p.AthleteID, p.ActivityID)
	if err != nil {
		return true, sound(err)
	}
	for _, d := range older {
		if names(d.Body) {
			return true, nil
		}
	}
	return false, nil
}

// mend sees to the pictures that should be here and aren't; read says that it isn't enough that there is a file.
func (g *Gallery) mend(ctx context.Context, athleteID int64, read bool) (wrote bool, err error) {
	files, err := g.vault.list(ctx, athleteID)
	if err != nil {
		return false, err
	}
	var list []store.Picture
	err = g.Store.View(ctx, func(tx *store.Tx) (err error) {
		list, err = tx.Pictures(ctx, athleteID, 0)
		return sound(err)
	})
	if err != nil {
		return false, err
	}
	there := func(sha string) (bool, error) {
		_, ok := files[sha]
		if ok && read {
			_, err := g.vault.get(ctx, athleteID, sha)
			ok = err == nil
		}
		if ok {
			return true, nil
		}
		return g.fromCopy(ctx, athleteID, sha)
	}
	for _, p := range list {
		if !p.Kept() {
			continue
		}
		whole, err := there(p.SHA256)
		if err != nil {
			return wrote, err
		}
		made := true
		for _, f := range p.Forms {
			ok, err := there(f.SHA256)
			if err != nil {
				return wrote, err
			}
			made = made && ok
		}
		if whole && made {
			continue
		}
		wrote = true
		if err := g.lost(ctx, p, whole); err != nil {
			return wrote, err
		}
	}
	return wrote, nil
}

// lost notes that files are missing: smaller sizes are made again, a picture is fetched again.
func (g *Gallery) lost(ctx context.Context, p store.Picture, whole bool) error {
	if !whole {
		g.Log.Warn("a picture that was kept is missing, and in no copy; it is fetched again", "activity", p.ActivityID, "photo", p.PhotoID)
	}
	return g.update(ctx, p, func(now *store.Picture) bool {
		if now.SHA256 != p.SHA256 {
			return false
		}
		now.Made, now.Forms = false, nil
		if !whole {
			now.SHA256, now.Type, now.Width, now.Height, now.Bytes, now.KeptAt = "", "", 0, 0, 0, time.Time{}
			now.Outcome, now.Failures = store.PictureDue, 0
			if now.Due = g.Now(); !now.DroppedAt.IsZero() {
				now.Due = time.Time{}
			}
		}
		return true
	})
}

// fromCopy puts bytes back from a copy, and reports whether there was one.
func (g *Gallery) fromCopy(ctx context.Context, athleteID int64, sha string) (bool, error) {
	for _, c := range g.copies {
		body, err := c.get(ctx, athleteID, sha)
		if err != nil {
			continue
		}
		_, err = g.vault.put(ctx, athleteID, body)
		return err == nil, err
	}
	return false, nil
}

// named are the hashes that an athlete's pictures have.
func (g *Gallery) named(ctx context.Context, athleteID int64) (map[string]bool, error) {
	named := map[string]bool{}
	err := g.Store.View(ctx, func(tx *store.Tx) error {
		list, err := tx.Pictures(ctx, athleteID, 0)
		for _, p := range list {
			named[p.SHA256] = p.Kept()
			for _, f := range p.Forms {
				named[f.SHA256] = true
			}
		}
		return err // a damaged row names something, too
	})
	return named, err
}

// dropUnnamed removes what is kept of an athlete since before a time and belongs to no picture.
func (g *Gallery) dropUnnamed(ctx context.Context, from vault, athleteID int64, before time.Time) error {
	files, err := from.list(ctx, athleteID)
	if err != nil || len(files) == 0 {
		return err
	}
	named, err := g.named(ctx, athleteID)
	if err != nil {
		return sound(err)
	}
	for sha, at := range files {
		if named[sha] || !at.Before(before) {
			continue
		}
		if err := from.drop(ctx, athleteID, sha); err != nil {
			return err
		}
	}
	return nil
}
