package gallery

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"musette/store"
)

// Backup brings the copies in a directory, one of Config.Copies, up to date: what is kept and isn't there is put there,
// as a second name of the same file where that can be, else written and read back; what nothing has named for as long as
// pictures stay goes. Like snapshots it may lie on another machine: the directory that it is in must be there.
func (g *Gallery) Backup(ctx context.Context, dir string) (added int, err error) {
	if _, err := os.Stat(filepath.Dir(dir)); err != nil {
		return 0, err
	}
	athletes, err := g.athletes(ctx)
	if err != nil {
		return 0, err
	}
	to := folder{dir}
	for _, id := range athletes {
		named, err := g.named(ctx, id)
		if sound(err) != nil {
			return added, err
		}
		there, err := to.list(ctx, id)
		if err != nil {
			return added, err
		}
		for sha, kept := range named {
			if _, ok := there[sha]; ok || !kept {
				continue
			}
			if err := ctx.Err(); err != nil {
				return added, err
			}
			if err := g.copyTo(ctx, to, id, sha); errors.Is(err, ErrMissing) {
				g.doubt.Store(true) // sort sees to it
				continue
			} else if err != nil {
				return added, fmt.Errorf("copying pictures to %s: %w", dir, err)
			}
			added++
		}
		if err := g.dropUnnamed(ctx, to, id, g.Now().Add(-max(g.Keep, unnamedAtLeast))); err != nil {
			return added, fmt.Errorf("removing old copies of pictures in %s: %w", dir, err)
		}
	}
	return added, nil
}

// Restore takes what should be kept here and isn't from a directory with copies, and returns how many files that were.
func (g *Gallery) Restore(ctx context.Context, dir string) (added int, err error) {
	athletes, err := g.athletes(ctx)
	if err != nil {
		return 0, err
	}
	from := folder{dir}
	for _, id := range athletes {
		named, err := g.named(ctx, id)
		if sound(err) != nil {
			return added, err
		}
		there, err := g.vault.list(ctx, id)
		if err != nil {
			return added, err
		}
		for sha, kept := range named {
			if _, ok := there[sha]; ok || !kept {
				continue
			}
			body, err := from.get(ctx, id, sha)
			if err != nil {
				continue // another copy may have it, or Strava
			}
			if _, err := g.vault.put(ctx, id, body); err != nil {
				return added, err
			}
			added++
		}
	}
	return added, nil
}

func (g *Gallery) copyTo(ctx context.Context, to folder, athleteID int64, sha string) error {
	body, err := g.vault.get(ctx, athleteID, sha) // what is damaged is not copied
	if err != nil {
		return err
	}
	if from, ok := g.vault.(folder); ok {
		source, err := from.path(athleteID, sha)
		if err != nil {
			return err
		}
		target, err := to.path(athleteID, sha)
		if err != nil {
			return err
		}
		if err := to.makeRoom(target); err != nil {
			return err
		}
		if os.Link(source, target) == nil {
			return syncDir(filepath.Dir(target))
		}
	}
	if _, err := to.put(ctx, athleteID, body); err != nil {
		return err
	}
	_, err = to.get(ctx, athleteID, sha)
	return err
}

// Forget removes the pictures of athletes who have left, wherever they lie as files, and returns how many there were. (What
// is in the store goes with the athlete's rows.) Done is done: it may be repeated.
func (g *Gallery) Forget(ctx context.Context, departures []store.Departure) (files int, err error) {
	if len(departures) == 0 {
		return 0, nil
	}
	all := g.copies
	if own, ok := g.vault.(folder); ok {
		all = append([]folder{own}, all...)
	}
	var errs []error
	for _, f := range all {
		ids, err := f.athletes()
		errs = append(errs, err)
		for _, id := range ids {
			for _, d := range departures {
				if d.Of(id) {
					n, err := g.forgetIn(ctx, f, id, d)
					files += n
					errs = append(errs, err)
				}
			}
		}
	}
	return files, errors.Join(errs...)
}

func (g *Gallery) forgetIn(ctx context.Context, f folder, id int64, d store.Departure) (files int, err error) {
	there, err := f.list(ctx, id)
	if err != nil {
		return 0, err
	}
	back := false
	err = g.Store.View(ctx, func(tx *store.Tx) (err error) {
		back, err = stays(ctx, tx, id)
		return err
	})
	if err != nil {
		return 0, err
	}
	if !back {
		return len(there), os.RemoveAll(f.athlete(id))
	}
	if err := g.dropUnnamed(ctx, f, id, d.At); err != nil { // of before; what came since is theirs again
		return 0, err
	}
	left, err := f.list(ctx, id)
	return len(there) - len(left), err
}
