package feed

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"musette"
)

// Reader is whom a view is for. The zero value is the public.
type Reader struct {
	// Owner says that the reader sees what owners see, rather than what is published.
	Owner bool
	// AthleteID binds the reader to one athlete's activities; 0 is all of them.
	AthleteID int64
}

// Entry is one activity in memory. It is never changed; a change makes another entry.
type Entry struct {
	activity  *musette.Activity // as its owner sees it, with laps
	ownerJSON []byte            // without laps
	text      string            // name and description in lower case, for searching

	ownerOnly bool     // Strava no longer has it
	hides     []string // what its owner hides of it, see [store.Hide]
	route     route
	public    *musette.Activity // nil where the public doesn't count it
	listed    bool              // whether the public sees it by itself, not only in totals
	pubJSON   []byte
	pubText   string
}

// shown are the options for our own JSON: bytes that aren't UTF-8 are replaced, never refused.
var shown = jsontext.AllowInvalidUTF8(true)

// newEntry makes the entry of an activity, as yet without what the public sees of it.
func newEntry(a *musette.Activity, ownerOnly bool, hides []string) (*Entry, error) {
	e := &Entry{activity: a, ownerOnly: ownerOnly, hides: hides, text: searchable(a)}
	var err error
	e.ownerJSON, err = listJSON(a)
	return e, err
}

func searchable(a *musette.Activity) string {
	text := strings.ToLower(a.Name)
	if a.Description != nil {
		text += "\n" + strings.ToLower(*a.Description)
	}
	return text
}

func listJSON(a *musette.Activity) ([]byte, error) {
	bare := *a
	bare.Laps = nil
	return activityJSON(&bare)
}

func activityJSON(a *musette.Activity) ([]byte, error) {
	bare := *a
	bare.Photos = named(a.Photos)
	b, err := json.Marshal(&bare, shown)
	if err != nil {
		return nil, fmt.Errorf("writing %s as JSON: %w", a, err)
	}
	return b, nil
}

// For returns the activity as the reader sees it, nil if hidden from them. It must not be changed.
func (e *Entry) For(r Reader) *musette.Activity {
	switch {
	case !r.Owner && !e.listed:
		return nil
	case !r.Owner:
		return e.public
	case r.AthleteID != 0 && r.AthleteID != e.activity.AthleteID:
		return nil
	}
	return e.activity
}

// JSON returns the activity as an element of the feed, nil if hidden from the reader. It must not be changed.
func (e *Entry) JSON(r Reader) []byte {
	switch {
	case e.For(r) == nil:
		return nil
	case r.Owner:
		return e.ownerJSON
	}
	return e.pubJSON
}

// counted is like For, for totals, which may also count what isn't shown by itself.
func (e *Entry) counted(r Reader) *musette.Activity {
	if !r.Owner {
		return e.public
	}
	return e.For(r)
}

// A position is a place in the order of the feed: newest start first, then the greatest id.
type position struct{ start, id int64 }

func (e *Entry) position() position {
	return position{e.activity.Start.Unix(), e.activity.ID}
}

// compare is negative if p comes before q in the feed.
func (p position) compare(q position) int {
	return cmp.Or(cmp.Compare(q.start, p.start), cmp.Compare(q.id, p.id))
}
