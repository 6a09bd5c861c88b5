package simulate

import (
	"context"
	"time"
)

// look takes in what readers see now.
func (r *run) look(ctx context.Context) error {
	if err := r.rooms.feed.Look(ctx); err != nil {
		return err
	}
	v := r.rooms.feed.View()
	if v.Seq == r.seen {
		return nil
	}
	now := r.clock.Now()
	changes, next, ok := v.Changes(r.seen, 1<<20, owner)
	if !ok {
		for id := range r.people.now {
			r.notice(now, id)
		}
		for id := range r.people.gone {
			r.notice(now, id)
		}
		r.seen = v.Seq
		return nil
	}
	for _, c := range changes {
		r.notice(now, c.Activity)
	}
	r.seen = next
	return nil
}

// notice looks at one activity.
func (r *run) notice(now time.Time, id int64) {
	a := see(r.rooms.feed.View(), id)
	_, before := r.watch.firstShown[id]
	whole := r.watch.complete[id]
	r.watch.see(now, id, a)
	if a == nil || !r.stock(id) {
		return
	}
	if !before {
		if r.sight.hidden--; r.sight.hidden == 0 {
			r.sight.visibleAfter = r.meter.made()
		}
	}
	if !whole && len(a.Missing) == 0 {
		r.watch.complete[id] = true
		if r.sight.waiting--; r.sight.waiting == 0 {
			r.sight.completeAt = now
		}
	}
}

// stock reports whether the activity was there at the start.
func (r *run) stock(id int64) bool { return id < firstUpload || id > lastUpload }

// The simulated Strava gives uploads ids from this range, and the season's own others.
const firstUpload, lastUpload = 23_000_000_000, 24_000_000_000
