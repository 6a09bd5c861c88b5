package feed

import (
	"cmp"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"musette"
)

// View is everything that can be served, at one moment. It never changes and may be used by many goroutines.
type View struct {
	Epoch string // of the store; "" before the first load
	Seq   int64  // the number of the last change that is in it

	Status  musette.Status // for the operator; see StatusFor
	GoalM   float64
	Publish Publish
	Damaged int // rows that could not be loaded and are left out

	closed  error     // why nothing is shown to the public though something should be, nil if all is well
	masks   *masks    // of the public view
	pending time.Time // when the next activity is to be shown to the public; zero: none waits
	turn    int       // how often what the public sees changed without a change of the store

	months timeline
	byID   *index
	log    changelog

	cache    *cache
	totals   *sync.Map            // Reader → musette.Totals of everything they see; every page shows them
	first    map[Reader]*Response // the first pages without parameters, ready compressed
	replaced chan struct{}
}

// Ready reports whether there is something to serve: false only before the first load.
func (v *View) Ready() bool { return v.Epoch != "" }

// Replaced is closed once there is a newer view. A newer one may differ only in its status.
func (v *View) Replaced() <-chan struct{} { return v.replaced }

// Closed is why nothing can be shown to the public though something should be: what must be hidden can't be read. nil
// if all is well.
func (v *View) Closed() error { return v.closed }

// Query returns one page of the activities asked for, newest first. An error is a [*ParamError] about the limit or
// the cursor. Going from page to page, activities that come in or go meanwhile neither hide nor repeat any other.
func (v *View) Query(q Query) (Page, error) {
	limit := q.Limit
	switch {
	case limit == 0:
		limit = DefaultLimit
	case limit < 0 || limit > MaxLimit:
		return Page{}, &ParamError{"limit", fmt.Sprintf("it is a number from 1 to %d", MaxLimit)}
	}
	after, err := q.after()
	if err != nil {
		return Page{}, err
	}
	var page Page
	for e := range v.scan(q, after, (*Entry).For) {
		if len(page.Entries) == limit {
			page.Next = q.cursor(page.Entries[limit-1].position())
			break
		}
		page.Entries = append(page.Entries, e)
	}
	return page, nil
}

// scan yields the entries asked for after a position, each with the activity that see gives for the reader.
func (v *View) scan(q Query, after position, see func(*Entry, Reader) *musette.Activity) iter.Seq2[*Entry, *musette.Activity] {
	return func(yield func(*Entry, *musette.Activity) bool) {
		m := newMatcher(q)
		athlete, ok := m.athlete()
		if !ok || !q.Reader.Owner && v.closed != nil {
			return
		}
		for e := range v.months.after(after, athlete) {
			a := see(e, q.Reader)
			switch {
			case e.position().start < m.lowest:
				return
			case a != nil && m.match(e, a) && !yield(e, a):
				return
			}
		}
	}
}

// Activity returns one activity; false if there is none, or it is hidden from the reader.
func (v *View) Activity(id int64, r Reader) (*Entry, bool) {
	e := v.byID.get(id)
	if e == nil || e.For(r) == nil || !r.Owner && v.closed != nil {
		return nil, false
	}
	return e, true
}

// Size is how many activities are in memory, those nobody is shown included, and how many bytes their ready JSON takes.
func (v *View) Size() (activities int, bytes int64) {
	for _, shard := range v.byID {
		activities += len(shard)
		for _, e := range shard {
			bytes += int64(len(e.ownerJSON) + len(e.pubJSON))
		}
	}
	return activities, bytes
}

// Totals sums up the activities asked for, on all pages. For the public it counts what may be published, even where
// single activities aren't shown. The lists in it must not be changed.
func (v *View) Totals(q Query) musette.Totals {
	if q.Filtered() {
		return v.sum(q)
	}
	if t, ok := v.totals.Load(q.Reader); ok {
		return t.(musette.Totals)
	}
	t := v.sum(q)
	v.totals.Store(q.Reader, t)
	return t
}

func (v *View) sum(q Query) musette.Totals {
	q.Cursor = ""
	first, _ := q.after() // without a cursor there is no error
	var list []*musette.Activity
	for _, a := range v.scan(q, first, (*Entry).counted) {
		list = append(list, a)
	}
	return musette.Total(list, v.GoalM)
}

// StatusFor returns what a reader may know of the status: the public only its state, until when, and how fresh the
// data is; one athlete nothing about others, and of the pictures their own.
func (v *View) StatusFor(r Reader) musette.Status {
	s := v.Status
	switch {
	case !r.Owner:
		s = musette.Status{State: s.State, Until: s.Until, AsOf: s.AsOf}
	case r.AthleteID != 0:
		s.Athletes, s.LastErrors, s.Warnings, s.Pictures = nil, nil, nil, musette.PictureCount{}
		for _, a := range v.Status.Athletes {
			if a.ID == r.AthleteID {
				s.Athletes, s.Pictures = append(s.Athletes, a), a.Pictures
			}
		}
		for _, e := range v.Status.LastErrors {
			if e.AthleteID == r.AthleteID {
				s.LastErrors = append(s.LastErrors, e)
			}
		}
	}
	if s.Athletes == nil {
		s.Athletes = []musette.Athlete{}
	}
	if s.LastErrors == nil {
		s.LastErrors = []musette.LastError{}
	}
	if s.Warnings == nil {
		s.Warnings = []musette.Warning{}
	}
	return s
}

// FeedResponse returns a page as the API's JSON. An error is a [*ParamError], as in Query.
func (v *View) FeedResponse(q Query) (*Response, error) {
	q.Limit = cmp.Or(q.Limit, DefaultLimit)
	if q.Cursor == "" && q.Limit == DefaultLimit && !q.Filtered() {
		if r := v.first[q.Reader]; r != nil {
			return r, nil
		}
	}
	asOf := asOf(v.Status)
	key := fmt.Sprintf("feed %s %d.%d %s %s %v %d %q %s", v.Epoch, v.Seq, v.turn, v.Status.State, asOf, q.Reader, q.Limit, q.Cursor, q.filters())
	return v.cache.get(key, func() (*Response, error) { return v.feedResponse(q, asOf) })
}

func (v *View) feedResponse(q Query, asOf []byte) (*Response, error) {
	page, err := v.Query(q)
	if err != nil {
		return nil, err
	}
	size := 100
	for _, e := range page.Entries {
		size += len(e.JSON(q.Reader)) + 1
	}
	b := append(make([]byte, 0, size), `{"activities":[`...)
	for i, e := range page.Entries {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, e.JSON(q.Reader)...)
	}
	b = append(b, `],"next":`...)
	if page.Next == "" {
		b = append(b, "null"...)
	} else {
		b = append(append(append(b, '"'), page.Next...), '"')
	}
	b = append(append(append(b, `,"state":"`...), v.Status.State...), `","as_of":`...)
	b = append(append(b, asOf...), '}')
	return NewResponse(b, q.Reader.variant()), nil
}

// ActivityResponse returns one activity as the API's JSON, with its laps; nil if there is none for the reader.
func (v *View) ActivityResponse(id int64, r Reader) (*Response, error) {
	e, ok := v.Activity(id, r)
	if !ok {
		return nil, nil
	}
	key := fmt.Sprintf("activity %s %d.%d %v %d", v.Epoch, v.Seq, v.turn, r, id)
	return v.cache.get(key, func() (*Response, error) {
		b, err := activityJSON(e.For(r))
		if err != nil {
			return nil, err
		}
		return NewResponse(b, r.variant()), nil
	})
}

// TotalsResponse returns totals as the API's JSON.
func (v *View) TotalsResponse(q Query) (*Response, error) {
	key := fmt.Sprintf("totals %s %d.%d %v %s", v.Epoch, v.Seq, v.turn, q.Reader, q.filters())
	return v.cache.get(key, func() (*Response, error) {
		b, err := json.Marshal(v.Totals(q), shown)
		if err != nil {
			return nil, fmt.Errorf("writing totals as JSON: %w", err)
		}
		return NewResponse(b, q.Reader.variant()), nil
	})
}

func (r Reader) variant() string {
	if !r.Owner {
		return "public"
	}
	return fmt.Sprint("owner ", r.AthleteID)
}

// asOf is a status's as_of as JSON, in whole seconds like every other time in the feed.
func asOf(s musette.Status) []byte {
	if s.AsOf == nil {
		return []byte("null")
	}
	b, _ := musette.At(*s.AsOf).MarshalJSON() // it has no error
	return b
}

// prepare makes the first pages ready, or takes them from the view before where they are the same.
func (v *View) prepare(before *View) error {
	same := before != nil && before.Epoch == v.Epoch && before.Seq == v.Seq && before.turn == v.turn &&
		before.Status.State == v.Status.State && string(asOf(before.Status)) == string(asOf(v.Status))
	if same && before.first != nil {
		v.first = before.first
		return nil
	}
	first := map[Reader]*Response{}
	for _, r := range []Reader{{Owner: true}, {}} {
		response, err := v.feedResponse(Query{Reader: r}, asOf(v.Status))
		if err != nil {
			return err
		}
		if response.Worthwhile() {
			response.Encoded(Gzip)
			response.Encoded(Zstd)
		}
		first[r] = response
	}
	v.first = first
	return nil
}
