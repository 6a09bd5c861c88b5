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

// Publish says what the public sees.
type Publish struct {
	Mode string // [PublishOff] if empty, [PublishAggregate] or [PublishFull]
	API  bool   // whether data that came from Strava's API may be shown at all
}

// The modes of publishing.
const (
	PublishOff       = "off"       // nothing
	PublishAggregate = "aggregate" // totals only: no person, no activity
	PublishFull      = "full"      // activities whose visibility is everyone
)

// On reports whether anything is public.
func (p Publish) On() bool { return p.Mode == PublishAggregate || p.Mode == PublishFull }

// Entry is one activity in memory. It is never changed; a change makes another entry.
type Entry struct {
	activity  *musette.Activity // as its owner sees it, with laps
	public    *musette.Activity // nil where the public doesn't count it
	ownerJSON []byte            // without laps
	listed    bool              // whether the public sees it by itself, not only in totals
	pubJSON   []byte
	text      string // name and description in lower case, for searching
}

// shown are the options for our own JSON: bytes that aren't UTF-8 are replaced, never refused.
var shown = jsontext.AllowInvalidUTF8(true)

// newEntry makes the entry of an activity. ownerOnly is for what Strava no longer has.
func newEntry(a *musette.Activity, ownerOnly bool, p Publish) (*Entry, error) {
	e := &Entry{activity: a}
	var err error
	if e.ownerJSON, err = listJSON(a); err != nil {
		return nil, err
	}
	e.text = strings.ToLower(a.Name)
	if a.Description != nil {
		e.text += "\n" + strings.ToLower(*a.Description)
	}
	if !ownerOnly && publishable(a, p) {
		e.public = publicView(a)
		e.listed = p.Mode == PublishFull
		if e.pubJSON, err = listJSON(e.public); err != nil {
			return nil, err
		}
	}
	return e, nil
}

func listJSON(a *musette.Activity) ([]byte, error) {
	bare := *a
	bare.Laps = nil
	return activityJSON(&bare)
}

func activityJSON(a *musette.Activity) ([]byte, error) {
	b, err := json.Marshal(a, shown)
	if err != nil {
		return nil, fmt.Errorf("writing %s as JSON: %w", a, err)
	}
	return b, nil
}

// publishable reports whether the public may know of an activity. Unknown visibility isn't public.
func publishable(a *musette.Activity, p Publish) bool {
	return p.On() && a.Visibility == "everyone" && (a.Source != musette.SourceAPI || p.API)
}

// publicView is what strangers see of a published activity. Nothing in it says where somebody was: no map, no
// photos, no laps. Comments and kudos are other people's and stay out. What is missing is of no use to a stranger.
// (Showing routes with their ends masked comes later; until then there are none.)
func publicView(a *musette.Activity) *musette.Activity {
	p := *a
	p.Map, p.Laps = nil, nil
	p.Photos, p.Comments, p.Missing = []musette.Photo{}, []musette.Comment{}, []musette.Part{}
	p.Kudos = 0
	return &p
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
