package feed

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"musette"
	"musette/store"
	"musette/track"
)

const (
	// maskSecret is the setting that keeps the secret of the masks, in hex. It is in snapshots too: another secret would
	// move every disc, and what two masks show together is more than either should.
	maskSecret = "mask_secret"
	// placesCursor keeps the cells in which an athlete's routes ended, also those of routes that are gone since: what was
	// hidden once stays hidden.
	placesCursor = "places"
)

// masks are the masks of all athletes. They belong to a view and are never changed.
type masks struct {
	secret []byte
	zones  []store.Zone
	of     map[int64]*places
}

// places are where an athlete's routes end, and the mask that follows from it.
type places struct {
	key   track.MaskKey
	cells map[track.Cell]bool
	mask  track.Mask
}

// readMasks reads what masks are made of, and makes the secret if there is none yet.
func (r *reading) readMasks(ctx context.Context) (*masks, error) {
	m := &masks{of: map[int64]*places{}}
	if r.f.config.Publish.Mode != PublishFull {
		return m, nil
	}
	text, err := r.tx.Setting(ctx, maskSecret)
	if err != nil {
		return m, fmt.Errorf("reading the masks' secret: %w", err)
	}
	if m.secret, err = hex.DecodeString(text); err != nil || len(m.secret) < 32 {
		return m, errors.New("the masks' secret is damaged; restore it from a backup")
	}
	if m.zones, err = r.tx.Zones(ctx); err != nil {
		return m, fmt.Errorf("reading the privacy zones: %w", err)
	}
	return m, nil
}

// secret makes the masks' secret if there is none yet.
func (f *Feed) secret(ctx context.Context) error {
	if f.config.Publish.Mode != PublishFull {
		return nil
	}
	var have string
	read := func(tx *store.Tx) (err error) {
		have, err = tx.Setting(ctx, maskSecret)
		return err
	}
	if err := f.config.Store.View(ctx, read); err != nil || have != "" || f.config.Copy {
		return err
	}
	return f.config.Store.Update(ctx, nil, func(tx *store.Tx) error {
		if err := read(tx); err != nil || have != "" {
			return err
		}
		secret := make([]byte, 32)
		_, _ = rand.Read(secret) // it has no error
		return tx.PutSetting(ctx, maskSecret, hex.EncodeToString(secret))
	})
}

// readPlaces reads the cells that are kept of an athlete.
func (r *reading) readPlaces(ctx context.Context, m *masks, athlete int64) error {
	if m.secret == nil || m.of[athlete] != nil {
		return nil
	}
	body, err := r.tx.Cursor(ctx, athlete, placesCursor)
	if err != nil {
		return fmt.Errorf("reading the places of athlete %d: %w", athlete, err)
	}
	p := &places{key: track.NewMaskKey(m.secret, athlete), cells: map[track.Cell]bool{}}
	for line := range strings.Lines(string(body)) {
		var c track.Cell
		if _, err := fmt.Sscanf(line, "%d %d\n", &c.Row, &c.Col); err != nil {
			return fmt.Errorf("reading the places of athlete %d: %w", athlete, err)
		}
		p.cells[c] = true
	}
	m.of[athlete] = p
	m.remake(athlete)
	return nil
}

// add takes in the ends of further routes, and returns the discs that they add. Only who has just made m calls it.
func (m *masks) add(routes map[int64][]route) map[int64][]track.Disc {
	added := map[int64][]track.Disc{}
	for athlete, list := range routes {
		p := m.of[athlete]
		if p == nil {
			continue // what it has can't be read, so nothing is public
		}
		cells := maps.Clone(p.cells)
		for _, r := range list {
			for _, end := range r.ends {
				if c := p.key.Cell(end); !cells[c] {
					cells[c] = true
					added[athlete] = append(added[athlete], p.key.Disc(c))
				}
			}
		}
		if len(cells) > len(p.cells) {
			m.of[athlete] = &places{key: p.key, cells: cells}
			m.remake(athlete)
		}
	}
	return added
}

// remake makes an athlete's mask from its cells and the zones.
func (m *masks) remake(athlete int64) {
	p := m.of[athlete]
	var discs []track.Disc
	for c := range p.cells {
		discs = append(discs, p.key.Disc(c))
	}
	p.mask = track.NewMask(append(discs, m.zoneDiscs(athlete)...)...)
}

func (m *masks) zoneDiscs(athlete int64) (discs []track.Disc) {
	p := m.of[athlete]
	for _, z := range m.zones {
		if p != nil && (z.AthleteID == 0 || z.AthleteID == athlete) {
			discs = append(discs, p.key.Around(track.Point{Lat: z.Lat, Lng: z.Lng}, z.RadiusM))
		}
	}
	return discs
}

func (m *masks) mask(athlete int64) track.Mask {
	if p := m.of[athlete]; p != nil {
		return p.mask
	}
	return track.Mask{}
}

// keepPlaces writes the cells that the view has and the store hasn't. Until it succeeds they follow from the routes
// themselves, so an error harms only once such a route is gone.
func (f *Feed) keepPlaces(ctx context.Context, v *View) {
	fresh := map[int64]*places{}
	for athlete, p := range v.masks.of {
		if len(p.cells) > f.kept[athlete] {
			fresh[athlete] = p
		}
	}
	if len(fresh) == 0 {
		return
	}
	err := f.config.Store.Update(ctx, nil, func(tx *store.Tx) error {
		r := &reading{f: f, tx: tx}
		for athlete, p := range fresh {
			there := &masks{secret: v.masks.secret, of: map[int64]*places{}}
			if err := r.readPlaces(ctx, there, athlete); err != nil {
				return err
			}
			cells := there.of[athlete].cells // another instance may have added some
			maps.Copy(cells, p.cells)
			has, err := tx.HasAthlete(ctx, athlete)
			if err != nil {
				return err
			}
			if !has {
				continue // who left leaves nothing behind
			}
			if err := tx.PutCursor(ctx, athlete, placesCursor, cellsText(cells)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		f.config.Log.Warn("the places that the mask hides could not be kept; they are tried again at the next change", "error", err)
		return
	}
	for athlete, p := range fresh {
		f.kept[athlete] = len(p.cells)
	}
}

func cellsText(cells map[track.Cell]bool) []byte {
	lines := make([]string, 0, len(cells))
	for c := range cells {
		lines = append(lines, fmt.Sprintf("%d %d\n", c.Row, c.Col))
	}
	slices.Sort(lines)
	return []byte(strings.Join(lines, ""))
}

// publishAll returns edits that put what the public sees into entries that have none yet, with the view's masks.
func (f *Feed) publishAll(v *View, edits []edit) error {
	now, publish := f.config.Now(), f.config.Publish
	if v.closed != nil {
		publish = Publish{}
	}
	for i := range edits {
		if edits[i].new == nil {
			continue
		}
		e, err := publish.published(edits[i].new, v.masks.mask(edits[i].new.activity.AthleteID), now)
		if err != nil {
			return err
		}
		edits[i].new = e
		v.await(publish, e, now)
	}
	return nil
}

// await remembers when the next activity is to be shown.
func (v *View) await(p Publish, e *Entry, now time.Time) {
	if from := p.from(e.activity); from.After(now) && p.allows(e) && (v.pending.IsZero() || from.Before(v.pending)) {
		v.pending = from
	}
}

// republished returns edits that make anew what the public sees of the entries that which chooses.
func (f *Feed) republished(v *View, athlete int64, which func(*Entry) bool) ([]edit, error) {
	var edits []edit
	first, _ := (&Query{}).after() // without a cursor there is no error
	for e := range v.months.after(first, athlete) {
		if which(e) {
			edits = append(edits, edit{e, e})
		}
	}
	return edits, f.publishAll(v, edits)
}

// remask brings the view's masks up to date, and what the public sees: of the changed entries, in place, and of those
// whose route a new disc or a changed zone may touch, which it returns.
func (r *reading) remask(ctx context.Context, v *View, changed map[int64]edit, zones bool) ([]edit, error) {
	old := v.masks
	m := &masks{old.secret, old.zones, maps.Clone(old.of)}
	discs := map[int64][]track.Disc{}
	if zones && m.secret != nil {
		var err error
		if m.zones, err = r.tx.Zones(ctx); err != nil {
			if err := r.shut(ctx, fmt.Errorf("reading the privacy zones: %w", err)); err != nil {
				return nil, err
			}
		}
		for athlete, p := range m.of {
			m.of[athlete] = &places{key: p.key, cells: p.cells}
			m.remake(athlete)
			discs[athlete] = append(old.zoneDiscs(athlete), m.zoneDiscs(athlete)...)
		}
	}
	for athlete := range r.routes {
		if err := r.readPlaces(ctx, m, athlete); err != nil {
			if err := r.shut(ctx, err); err != nil {
				return nil, err
			}
		}
	}
	v.masks, v.closed = m, errors.Join(v.closed, r.closed)
	added := v.masks.add(r.routes)
	for athlete, more := range added {
		discs[athlete] = append(discs[athlete], more...)
	}
	var again []edit
	for athlete, list := range discs {
		touched := meets(list)
		edits, err := r.f.republished(v, athlete, func(e *Entry) bool {
			_, done := changed[e.activity.ID]
			return !done && touched(e)
		})
		if err != nil {
			return nil, err
		}
		again = append(again, edits...)
	}
	for id, ed := range changed {
		one := []edit{ed}
		if err := r.f.publishAll(v, one); err != nil {
			return nil, err
		}
		changed[id] = one[0]
	}
	return again, nil
}

// meets chooses the entries whose route may touch any of the discs.
func meets(discs []track.Disc) func(*Entry) bool {
	return func(e *Entry) bool {
		return e.route.known && slices.ContainsFunc(discs, func(d track.Disc) bool { return d.Meets(e.route.bounds) })
	}
}

// tell adds to the log what only strangers see anew.
func tell(edits []edit, seq int64) (log []Change) {
	for _, ed := range edits {
		c := Change{Seq: seq, Activity: ed.new.activity.ID, athlete: ed.new.activity.AthleteID}
		switch {
		case ed.new.listed && string(ed.new.pubJSON) != string(ed.old.pubJSON):
			c.public = KindPut
		case ed.old.listed && !ed.new.listed:
			c.public = KindGone
		default:
			continue
		}
		log = append(log, c)
	}
	return log
}

// readHides returns what is hidden of an athlete's activities, or of one of them.
func (r *reading) readHides(ctx context.Context, athlete, activity int64) (map[int64][]string, error) {
	if !r.f.config.Publish.On() {
		return nil, nil
	}
	list, err := r.tx.Hides(ctx, athlete, activity)
	hides := map[int64][]string{}
	for _, h := range list {
		hides[h.ActivityID] = append(hides[h.ActivityID], h.What)
	}
	if err != nil {
		return hides, fmt.Errorf("reading what is hidden of athlete %d: %w", athlete, err)
	}
	return hides, nil
}

// shut closes the public view where what must be hidden from it can't be known. A store that can't be read at all is an
// error as ever: then everything stays as it was.
func (r *reading) shut(ctx context.Context, err error) error {
	if _, away := errors.AsType[*store.Error](err); away || ctx.Err() != nil {
		return err
	}
	r.closed = errors.Join(r.closed, err)
	return nil
}

// note remembers where routes end, of activities that aren't shown too.
func (r *reading) note(a *musette.Activity) route {
	if r.f.config.Publish.Mode != PublishFull {
		return route{}
	}
	way := routeOf(a)
	if way.known {
		if r.routes == nil {
			r.routes = map[int64][]route{}
		}
		r.routes[a.AthleteID] = append(r.routes[a.AthleteID], way)
	}
	return way
}
