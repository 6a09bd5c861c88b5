package feed

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"

	"musette"
	"musette/store"
)

const (
	// changesRead is how many changes are listed by one query.
	changesRead = 1000
	// changesTaken is how many changed activities are read in one transaction: with a distant database each one
	// takes its time, and what has been read should be seen.
	changesTaken = 200
	// changesMost is how far behind it is still quicker to read what changed than to read everything.
	changesMost = 2000
)

// A reading takes rows from one transaction.
type reading struct {
	f       *Feed
	tx      *store.Tx
	damaged []error
	closed  error             // why the public view can't be shown
	routes  map[int64][]route // by athlete, of all that was read
}

// load reads everything into a new view.
func (f *Feed) load(ctx context.Context) (*View, error) {
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	if err := f.secret(ctx); err != nil {
		f.config.Log.Warn("the secret of the masks can't be made; nothing is public until it can", "error", err)
	}
	v := f.next(nil)
	var damaged []error
	err := f.config.Store.View(ctx, func(tx *store.Tx) error {
		r := &reading{f: f, tx: tx}
		defer func() { damaged = r.damaged }()
		return r.everything(ctx, v)
	})
	if err != nil {
		return nil, err
	}
	v.Damaged = len(damaged)
	f.keepPlaces(ctx, v)
	f.report(damaged)
	return v, nil
}

func (r *reading) everything(ctx context.Context, v *View) error {
	at, err := r.tx.Position(ctx)
	if err != nil {
		return err
	}
	v.Epoch, v.Seq = at.Epoch, at.Seq
	changes, err := r.allChanges(ctx, at.Oldest)
	if err != nil {
		return err
	}
	ids, err := r.athletes(ctx, changes)
	if err != nil {
		return err
	}
	m, err := r.readMasks(ctx)
	if err != nil {
		if err := r.shut(ctx, err); err != nil {
			return err
		}
	}
	var edits []edit
	for _, id := range ids {
		entries, err := r.athlete(ctx, id)
		if err != nil {
			return err
		}
		for _, e := range entries {
			edits = append(edits, edit{new: e})
		}
		if err := r.readPlaces(ctx, m, id); err != nil {
			if err := r.shut(ctx, err); err != nil {
				return err
			}
		}
	}
	for id, p := range m.of {
		r.f.kept[id] = len(p.cells)
	}
	m.add(r.routes)
	v.masks, v.closed = m, r.closed
	if err := r.f.publishAll(v, edits); err != nil {
		return err
	}
	v.months, v.byID = v.months.apply(edits), v.byID.apply(edits)
	v.log = changelog{since: at.Oldest, publicSince: at.Seq}
	for _, c := range changes { // taken over, so that a reader can go on after a restart
		if c.ActivityID == 0 {
			continue
		}
		kind := KindGone
		if v.byID.get(c.ActivityID) != nil {
			kind = KindPut
		}
		v.log = v.log.add(Change{Seq: c.Seq, Activity: c.ActivityID, Kind: kind, athlete: c.AthleteID})
	}
	return nil
}

// athletes returns whose activities there are: a damaged row among the athletes must not hide a whole season.
func (r *reading) athletes(ctx context.Context, changes []store.Change) ([]int64, error) {
	rows, err := r.tx.Athletes(ctx)
	if err != nil && !r.isDamage(err) {
		return nil, err
	}
	var ids []int64
	for _, a := range rows {
		ids = append(ids, a.ID)
	}
	for _, c := range changes {
		ids = append(ids, c.AthleteID)
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// allChanges returns the store's changes after a number, oldest first.
func (r *reading) allChanges(ctx context.Context, since int64) ([]store.Change, error) {
	var all []store.Change
	for {
		changes, err := r.tx.Changes(ctx, since, changesRead)
		if err != nil && !r.isDamage(err) {
			return nil, err
		}
		if len(changes) == 0 {
			return all, nil
		}
		all = append(all, changes...)
		since = changes[len(changes)-1].Seq
	}
}

// athlete reads an athlete's activities. Those whose stored view is of another version are derived anew, after the
// scan: there is one query at a time in a transaction.
func (r *reading) athlete(ctx context.Context, id int64) ([]*Entry, error) {
	hides, err := r.readHides(ctx, id, 0)
	if err != nil {
		if err := r.shut(ctx, err); err != nil {
			return nil, err
		}
	}
	pictures, err := r.readPictures(ctx, id, 0)
	if err != nil {
		return nil, err
	}
	var entries []*Entry
	var stale []store.Activity
	for row, err := range r.tx.Activities(ctx, id) {
		switch {
		case err != nil && !r.isDamage(err):
			return nil, fmt.Errorf("reading the activities of athlete %d: %w", id, err)
		case err != nil:
		case row.ViewVersion != musette.ViewVersion:
			stale = append(stale, row)
		default:
			entries = r.append(entries, row, nil, hides, pictures)
		}
	}
	for _, row := range stale {
		docs, err := r.documents(ctx, row)
		if err != nil {
			return nil, err
		}
		entries = r.append(entries, row, docs, hides, pictures)
	}
	return entries, nil
}

func (r *reading) append(entries []*Entry, row store.Activity, docs []musette.Document, hides map[int64][]string, pictures map[int64][]store.Picture) []*Entry {
	e, err := r.entry(row, docs, hides[row.ID], pictures[row.ID])
	if err != nil {
		r.damaged = append(r.damaged, err)
	}
	if e == nil {
		return entries
	}
	return append(entries, e)
}

func (r *reading) documents(ctx context.Context, row store.Activity) ([]musette.Document, error) {
	docs, err := r.tx.Documents(ctx, row.AthleteID, row.ID)
	if err != nil && !r.isDamage(err) {
		return nil, fmt.Errorf("reading the documents of activity %d: %w", row.ID, err)
	}
	return docs, nil
}

// isDamage keeps the error of a damaged row for the report.
func (r *reading) isDamage(err error) bool {
	var damage *store.DamageError
	if !errors.As(err, &damage) {
		return false
	}
	r.damaged = append(r.damaged, err)
	return true
}

// entry makes the entry of a row, nil if it isn't shown. docs are needed only where the stored view is of another
// version. It is still without what the public sees.
func (r *reading) entry(row store.Activity, docs []musette.Document, hides []string, pictures []store.Picture) (*Entry, error) {
	if row.Status == store.StatusGone {
		return nil, nil
	}
	var a musette.Activity
	if row.ViewVersion == musette.ViewVersion {
		if err := json.Unmarshal(row.View, &a, shown); err != nil {
			return nil, fmt.Errorf("the stored view of activity %d: %w", row.ID, err)
		}
	}
	if row.ViewVersion != musette.ViewVersion {
		view, err := musette.Derive(docs, wantedStreams(row.View))
		if err != nil {
			return nil, fmt.Errorf("deriving the view of activity %d: %w", row.ID, err)
		}
		a = view.Activity
	}
	a.ID, a.AthleteID, a.Type = row.ID, row.AthleteID, row.Type
	way := r.note(&a)
	if !r.f.config.Filter.Match(&a) {
		return nil, nil
	}
	r.f.showPictures(&a, pictures)
	e, err := newEntry(&a, row.Status != store.StatusLive, hides)
	if e != nil {
		e.route = way
	}
	return e, err
}

// wantedStreams reports whether an older view counted streams as missing.
func wantedStreams(view []byte) bool {
	var old struct {
		Missing []musette.Part `json:"missing"`
	}
	return json.Unmarshal(view, &old, shown) == nil && slices.Contains(old.Missing, musette.PartStreams)
}

// update returns now with the store's next changes, or now itself if there are none. It is false if they are no
// longer known, or too many: then everything must be loaded.
func (f *Feed) update(ctx context.Context, now *View) (v *View, ok bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	var damaged []error
	err = f.config.Store.View(ctx, func(tx *store.Tx) error {
		at, err := tx.Position(ctx)
		if err != nil {
			return err
		}
		switch {
		case at.Epoch != now.Epoch || at.Seq < now.Seq || at.Oldest > now.Seq || at.Seq-now.Seq > changesMost,
			now.closed != nil && at.Seq != now.Seq:
			return nil
		case at.Seq == now.Seq:
			v, ok = now, true
			return nil
		}
		r := &reading{f: f, tx: tx}
		v, ok = f.next(now), true
		err = r.changes(ctx, v, at.Seq)
		damaged = r.damaged
		return err
	})
	f.report(damaged)
	if err == nil && ok && v != now {
		f.keepPlaces(ctx, v)
	}
	return v, ok, err
}

// changes reads anew what changed next after v, at most up to newest, and brings v there.
func (r *reading) changes(ctx context.Context, v *View, newest int64) error {
	changes, err := r.tx.Changes(ctx, v.Seq, changesTaken)
	if err != nil && !r.isDamage(err) {
		return err
	}
	if v.Seq = newest; len(changes) > 0 && (len(changes) == changesTaken || err != nil) {
		v.Seq = changes[len(changes)-1].Seq // there may be more
	}
	edits, zones := map[int64]edit{}, false
	for _, c := range changes {
		if c.ActivityID == 0 {
			zones = true
			continue
		}
		old := v.byID.get(c.ActivityID)
		e, err := r.changed(ctx, c, old)
		if err != nil {
			return err
		}
		edits[c.ActivityID] = edit{old, e}
	}
	again, err := r.remask(ctx, v, edits, zones)
	if err != nil {
		return err
	}
	var log []Change
	list := again
	for _, c := range changes {
		if ed, ok := edits[c.ActivityID]; ok {
			log = append(log, change(c, ed.old, ed.new))
		}
	}
	for _, ed := range edits {
		list = append(list, ed)
	}
	v.months, v.byID, v.log = v.months.apply(list), v.byID.apply(list), v.log.add(append(log, tell(again, v.Seq)...)...)
	return nil
}

// changed reads a changed activity: nil if it isn't shown any more, the old entry if its row is damaged.
func (r *reading) changed(ctx context.Context, c store.Change, old *Entry) (*Entry, error) {
	row, err := r.tx.Activity(ctx, c.AthleteID, c.ActivityID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, nil
	case err != nil && r.isDamage(err):
		return old, nil
	case err != nil:
		return nil, fmt.Errorf("reading activity %d: %w", c.ActivityID, err)
	}
	var docs []musette.Document
	if row.ViewVersion != musette.ViewVersion {
		if docs, err = r.documents(ctx, row); err != nil {
			return nil, err
		}
	}
	hides, err := r.readHides(ctx, c.AthleteID, c.ActivityID)
	if err != nil {
		if err := r.shut(ctx, err); err != nil {
			return nil, err
		}
	}
	pictures, err := r.readPictures(ctx, c.AthleteID, c.ActivityID)
	if err != nil {
		return nil, err
	}
	e, err := r.entry(row, docs, hides[c.ActivityID], pictures[c.ActivityID])
	if err != nil {
		r.damaged = append(r.damaged, err)
		return old, nil
	}
	return e, nil
}

// change says what readers are told of a change from old to e.
func change(c store.Change, old, e *Entry) Change {
	out := Change{Seq: c.Seq, Activity: c.ActivityID, Kind: KindGone, athlete: c.AthleteID}
	if e != nil {
		out.Kind = KindPut
	}
	switch {
	case e != nil && e.listed:
		out.public = KindPut
	case old != nil && old.listed:
		out.public = KindGone
	}
	return out
}

// report logs damaged rows: each is left out or stays as it was, the others are served.
func (f *Feed) report(damaged []error) {
	for i, err := range damaged {
		if i == 10 {
			f.config.Log.Error("more damaged rows are not listed", "count", len(damaged)-i)
			return
		}
		f.config.Log.Error("a damaged row is left out of the feed; docs/operating.md says what can be done", "error", err)
	}
}
