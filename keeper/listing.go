package keeper

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"musette"
	"musette/store"
	"musette/strava"
)

// listing is where a walk or sweep stands; its JSON is the cursor in the store. The zero value asks for the newest
// page.
//
// It walks from the newest back by time, never by page number, which an activity uploaded meanwhile would shift.
// The next page is asked for "before the oldest start so far, plus one second", so that it overlaps whether Strava
// takes before as inclusive or not: it must hold the oldest activity, the anchor, again. It ends at a page with
// nothing older. A page without the anchor is no good: it is asked for once more with more than a day of overlap,
// since Strava might compare local starts, or the true ones of activities that hide theirs.
//
// Strava's order isn't documented. Should pages ever come oldest first, the walk back ends at once though there is
// more; so it then goes forward by after, in the same way, until nothing newer comes.
type listing struct {
	Since  int64 `json:"since,omitzero"` // when its first page came, Unix milliseconds
	Pages  int   `json:"pages"`
	Oldest int64 `json:"oldest,omitzero"` // start of the oldest so far, Unix seconds
	Newest int64 `json:"newest,omitzero"`
	Latest int64 `json:"latest,omitzero"` // the activity that starts there
	Before int64 `json:"before,omitzero"` // of the next page
	After  int64 `json:"after,omitzero"`  // of the next page, when going forward
	Anchor int64 `json:"anchor,omitzero"` // the activity that the next page must hold
	Wide   bool  `json:"wide,omitzero"`   // the next page was asked for before, without more overlap

	First    bool  `json:"first,omitzero"`    // the athlete's first walk
	Gap      bool  `json:"gap,omitzero"`      // it only closes a gap, down to Stop
	Stop     int64 `json:"stop,omitzero"`     // older than this is known already
	Upturned bool  `json:"upturned,omitzero"` // a page came oldest first

	Should  int     `json:"should,omitzero"`   // how many known activities should have been listed
	Missing []int64 `json:"missing,omitempty"` // those that weren't
	Lost    int     `json:"lost,omitzero"`     // how many those were when they became too many to note
}

// overlap is more than a day and any zone.
const overlap = 38 * 60 * 60

func readListing(ctx context.Context, tx *store.Tx, athleteID int64, part musette.Part) (l listing, err error) {
	body, err := tx.Cursor(ctx, athleteID, string(part))
	if sound(err) != nil {
		return listing{}, err
	}
	if err != nil || json.Unmarshal(body, &l) != nil { // start over: it costs a few calls
		return listing{First: part == musette.ListWalk}, nil
	}
	return l, nil
}

func (l listing) write(ctx context.Context, tx *store.Tx, athleteID int64, part musette.Part) error {
	body, err := json.Marshal(l)
	if err != nil {
		return err
	}
	return tx.PutCursor(ctx, athleteID, string(part), body)
}

func (l listing) options(now time.Time) strava.ListOptions {
	o := strava.ListOptions{PerPage: listPage}
	if l.Before != 0 {
		o.Before = time.Unix(l.Before, 0)
	}
	if l.After != 0 { // one in the future is an error
		o.After = time.Unix(min(l.After, now.Add(-time.Minute).Unix()), 0)
	}
	return o
}

// adrift reports whether a page lacks the activity that it must hold.
func (l listing) adrift(p page) bool { return l.Anchor != 0 && !slices.Contains(p.ids, l.Anchor) }

// widen asks for the same page again, with more overlap.
func (l listing) widen() listing {
	l.Wide = true
	if l.After != 0 {
		l.After -= overlap
	} else {
		l.Before = l.Oldest + overlap
	}
	return l
}

// advance takes a page in and says whether the listing has come to its end, and whether that is the oldest activity
// there is.
func (l listing) advance(p page) (next listing, end, bottom bool) {
	older := p.bounded && (l.Pages == 0 || p.oldest < l.Oldest)
	newer := p.bounded && (l.Pages == 0 || p.newest > l.Newest)
	l.Pages++
	l.Wide = false
	l.Upturned = l.Upturned || p.upturned
	back := l.After == 0
	if older {
		l.Oldest = p.oldest
	}
	if newer {
		l.Newest, l.Latest = p.newest, p.newestID
	}
	switch {
	case back && older && (l.Stop == 0 || l.Oldest > l.Stop):
		l.Before, l.Anchor = p.oldest+1, p.oldestID
		if p.oldestHidden { // its true start is some other time of that day
			l.Before = p.oldest + overlap
		}
		return l, false, false
	case back && l.Upturned && l.Latest != 0, !back && newer:
		l.Before, l.After, l.Anchor = 0, l.Newest-1, l.Latest
		return l, false, false
	}
	return l, true, back && !older
}

// covers returns within which starts a page lists everything there is; a zero to is no end. Newest first, that is
// from its oldest (that second itself excepted: its rest may be on the next page) to where it began; the last page
// of a walk reaches down to the beginning of time. In any other order it is only what lies between.
func (l listing) covers(p page, bottom bool) (from, to time.Time) {
	if p.upturned || l.After != 0 {
		return time.Unix(p.oldest+1, 0), time.Unix(p.newest-1, 0)
	}
	switch {
	case bottom:
	case p.oldestHidden:
		from = time.Unix(p.oldest+overlap, 0)
	default:
		from = time.Unix(p.oldest+1, 0)
	}
	if l.Before != 0 {
		to = time.Unix(l.Before-1, 0)
	}
	return from, to
}

// page is what matters of a page of summaries.
type page struct {
	ids                []int64
	bounded            bool  // it has an activity with a start
	oldest, newest     int64 // starts, Unix seconds
	oldestID, newestID int64
	oldestHidden       bool // the oldest hides its time of day
	upturned           bool // oldest first
}

func readPage(summaries []strava.Summary) (p page) {
	var first, last time.Time
	for _, s := range summaries {
		p.ids = append(p.ids, s.ID)
		if s.Start.IsZero() { // no use as a bound, and it won't be stored
			continue
		}
		start := s.Start.Unix()
		if !p.bounded || start < p.oldest {
			p.oldest, p.oldestID, p.oldestHidden = start, s.ID, strings.HasSuffix(s.StartLocal, "T00:00:01Z")
		}
		if !p.bounded || start > p.newest {
			p.newest, p.newestID = start, s.ID
		}
		if !p.bounded {
			first = s.Start
		}
		p.bounded, last = true, s.Start
	}
	p.upturned = p.bounded && first.Before(last)
	return p
}
