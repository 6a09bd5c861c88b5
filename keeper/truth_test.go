package keeper_test

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"musette"
	"musette/store"
	"musette/strava/stravatest/season"
)

// differences says in what the mirror is other than Strava: nothing, once it is complete.
func (h *house) differences() (out []string) {
	h.t.Helper()
	here := h.activities()
	truth := h.server.Activities(h.athlete())
	for i := range truth {
		want := &truth[i]
		row, ok := here[want.ID]
		if !ok {
			out = append(out, fmt.Sprintf("activity %d is not here", want.ID))
			continue
		}
		delete(here, want.ID)
		var got musette.Activity
		if err := json.Unmarshal(row.View, &got); err != nil {
			h.t.Fatal(err)
		}
		out = append(out, compare(want, &got)...)
	}
	for id := range here {
		out = append(out, fmt.Sprintf("activity %d is here, but not on Strava", id))
	}
	slices.Sort(out)
	return out
}

func compare(want *season.Activity, got *musette.Activity) (out []string) {
	differs := func(what string, w, g any) {
		if w != g {
			out = append(out, fmt.Sprintf("activity %d: %s is %.60v, on Strava %.60v", want.ID, what, g, w))
		}
	}
	text := func(s *string) string {
		if s == nil {
			return "(none)"
		}
		return *s
	}
	differs("name", want.Name, got.Name)
	differs("sport", want.SportType, got.SportType)
	differs("visibility", want.Visibility, got.Visibility)
	differs("description", text(want.Description), text(got.Description))
	differs("missing", "[]", fmt.Sprint(got.Missing))
	differs("photos", len(want.Photos), len(got.Photos))
	differs("moving", int(want.Moving.Seconds()), got.MovingS)
	differs("kudos", len(want.Kudos), got.Kudos)
	polyline := ""
	if got.Map != nil {
		polyline = got.Map.Polyline
	}
	if !strings.Contains(want.Name, "cropped") { // the simulated Strava's truth keeps the old points then
		differs("route", want.Polyline(), polyline)
	}
	var texts, said []string
	for _, c := range want.Comments {
		texts = append(texts, c.Text)
	}
	for _, c := range got.Comments {
		said = append(said, c.Text)
	}
	differs("comments", fmt.Sprintf("%q", texts), fmt.Sprintf("%q", said))
	return out
}

func (h *house) athlete() int64 { return h.server.Athletes()[0].ID }

// complete fails unless the mirror is as Strava is.
func (h *house) complete() {
	h.t.Helper()
	if d := h.differences(); len(d) > 0 {
		h.t.Errorf("%d differences from Strava, first: %s", len(d), d[0])
	}
}

func (h *house) document(activityID int64, part musette.Part) (doc musette.Document, ok bool) {
	h.t.Helper()
	h.view(func(ctx context.Context, tx *store.Tx) error {
		docs, err := tx.Documents(ctx, h.athlete(), activityID)
		for _, d := range docs {
			if d.Part == part {
				doc, ok = d, true
			}
		}
		return err
	})
	return doc, ok
}
