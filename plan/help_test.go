package plan_test

import (
	"fmt"
	"testing"
	"time"

	"musette"
	"musette/plan"
)

const (
	hour = time.Hour
	day  = 24 * time.Hour
)

// noon is now, unless a test says otherwise.
var noon = time.Date(2026, 5, 22, 12, 0, 0, 0, time.UTC)

var policy = plan.Default()

// known is one activity and what is here of it, as the tests change it.
type known struct {
	name             string
	description      string
	start, firstSeen time.Time
	firstWalk        bool
	photos, comments int
	outside          bool // of the filter
	docs             []musette.Document
	states           plan.States
}

func newKnown() *known {
	return &known{name: "Park loop", start: noon.Add(-2 * hour), firstSeen: noon, states: plan.States{}}
}

func (k *known) summary(at time.Time) musette.Document {
	body := fmt.Sprintf(`{"id":7,"athlete":{"id":4242},"name":%q,"type":"Run","sport_type":"Run","distance":5000,
		"start_date":%q,"visibility":"everyone","total_photo_count":%d,"comment_count":%d}`,
		k.name, k.start.Format(time.RFC3339), k.photos, k.comments)
	return musette.NewDocument(4242, 7, musette.PartSummary, musette.SourceAPI, []byte(body), at)
}

// view derives the activity from a summary that came at now, and the other documents.
func (k *known) view(t *testing.T, now time.Time) musette.View {
	t.Helper()
	v, err := musette.Derive(append([]musette.Document{k.summary(now)}, k.docs...), false)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// schedule asks the policy what is due, and keeps its answer.
func (k *known) schedule(t *testing.T, now time.Time) {
	t.Helper()
	v := k.view(t, now)
	a := plan.Activity{View: &v, FirstSeen: k.firstSeen, FirstWalk: k.firstWalk, Shown: !k.outside}
	for _, st := range policy.Schedule(a, k.states, now) {
		k.states[st.Part] = st
	}
}

// got stores what came for a part, as the keeper does.
func (k *known) got(t *testing.T, part musette.Part, now time.Time) {
	t.Helper()
	v := k.view(t, now)
	body := []byte(`[]`)
	mark := int64(1)
	switch part {
	case musette.PartDetail:
		body = fmt.Appendf(nil, `%s,"description":%q}`, k.summary(now).Body[:len(k.summary(now).Body)-1], k.description)
		mark = v.Basics.Fingerprint()
	case musette.PartPhotos:
		mark = int64(k.photos)
	case musette.PartComments:
		mark = int64(k.comments)
	}
	doc := musette.NewDocument(4242, 7, part, musette.SourceAPI, body, now)
	doc.Mark = mark
	kept := k.docs[:0:0]
	for _, d := range k.docs {
		if d.Part != part {
			kept = append(kept, d)
		}
	}
	k.docs = append(kept, doc)
	k.states[part] = policy.Succeeded(k.states[part], now)
	k.schedule(t, now)
}

// due fails unless a part is due at a time (zero: not due) in a class.
func (k *known) due(t *testing.T, part musette.Part, at time.Time, class musette.Class) {
	t.Helper()
	st := k.states[part]
	switch {
	case at.IsZero() && !st.Due.IsZero():
		t.Errorf("%s is due at %s in %s, want never", part, st.Due, st.Class)
	case !at.IsZero() && (!st.Due.Equal(at) || st.Class != class):
		t.Errorf("%s is due at %s in %s, want %s in %s", part, st.Due, st.Class, at, class)
	}
}

func (k *known) never(t *testing.T, parts ...musette.Part) {
	t.Helper()
	for _, part := range parts {
		k.due(t, part, time.Time{}, 0)
	}
}

var fault = plan.Failure{Kind: "server", Message: "Strava answered 500"}

// of is the detail of an activity.
func of(activityID int64) musette.Key {
	return musette.Key{AthleteID: 1, ActivityID: activityID, Part: musette.PartDetail}
}
