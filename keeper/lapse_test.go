package keeper_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"musette"
	"musette/store"
	"musette/strava/stravatest"
)

const week = 7 * 24 * time.Hour

// kept is a house that keeps what comes from the API for a week.
func kept(t *testing.T) *house {
	t.Helper()
	h := newHouse(t, stravatest.Config{Seed: 5, Activities: 30, Limits: plenty}, func(h *house) { h.policy.Retention = week })
	h.later(time.Hour)
	h.complete()
	h.server.ResetCalls()
	return h
}

// oldest is when the document was confirmed that nothing has confirmed for longest, and how many there are.
func (h *house) oldest() (at time.Time, n int) {
	h.view(func(ctx context.Context, tx *store.Tx) error {
		for id := range h.activities() {
			docs, err := tx.Documents(ctx, h.athlete(), id)
			if err != nil {
				return err
			}
			for _, d := range docs {
				if n++; at.IsZero() || d.ConfirmedAt.Before(at) {
					at = d.ConfirmedAt
				}
			}
		}
		return nil
	})
	return at, n
}

// While Strava lists everything, nothing lapses and nothing is fetched again: sweeps confirm it in time.
func TestSweepsConfirmWhatIsKept(t *testing.T) {
	t.Parallel()
	h := kept(t)
	_, had := h.oldest()
	for range 20 {
		h.later(24 * time.Hour)
		if at, n := h.oldest(); n != had || h.clock.Now().Sub(at) > week {
			t.Fatalf("%d documents of %d are here, the oldest was confirmed %v ago", n, had, h.clock.Now().Sub(at))
		}
	}
	h.complete()
	details := h.server.Counts()["GET /activities/{id}"]
	if details > 3*30 { // the rechecks of what was new at the beginning
		t.Errorf("%d details were fetched in three quiet weeks", details)
	}
	h.later(10 * 24 * time.Hour)
	if n := h.server.Counts()["GET /activities/{id}"]; n != details {
		t.Errorf("%d details were fetched though nothing was new", n-details)
	}
}

// What can't be confirmed goes, wherever it was derived to; what other sources gave stays; and all that Strava still
// lists comes back.
func TestWhatIsNotConfirmedLapses(t *testing.T) {
	t.Parallel()
	h := kept(t)
	list := h.server.Activities(h.athlete())
	exported := list[3].ID
	own := fmt.Appendf(nil, `{"id":%d,"athlete":{"id":%d},"name":"From my own export","sport_type":"Run","start_date":"2026-06-01T08:00:00Z","distance":5000,"moving_time":1500,"elapsed_time":1500,"visibility":"everyone"}`,
		exported, h.athlete())
	h.must(h.store.Update(t.Context(), nil, func(tx *store.Tx) error {
		doc := musette.NewDocument(h.athlete(), exported, musette.PartDetail, musette.SourceArchive, own, h.clock.Now())
		return tx.PutDocument(t.Context(), doc, false)
	}))
	h.fault(stravatest.Fault{Kind: stravatest.FaultServerError})
	h.later(6 * 24 * time.Hour)
	if n := len(h.activities()); n != 30 {
		t.Fatalf("%d activities are here after six days, want all", n)
	}
	h.later(3 * 24 * time.Hour)
	here := h.activities()
	if a, ok := h.shown(exported); len(here) != 1 || !ok || a.Name != "From my own export" {
		t.Errorf("%d activities are here, %q of the export", len(here), a.Name)
	}
	h.must(h.store.Dump(t.Context(), func(r store.Row) error {
		if (r.Table == "documents" || r.Table == "document_history") && !bytes.Contains(r.JSON, []byte(`"source":"archive"`)) {
			t.Errorf("what came from the API is left: %.200s", r.JSON)
		}
		return nil
	}))
	h.server.ClearFaults()
	h.later(24 * time.Hour)
	if n := len(h.activities()); n != 30 {
		t.Errorf("%d activities are here after Strava is back, want 30", n)
	}
	if s := h.status(); s.Athletes[0].Name == "" {
		t.Error("who it is wasn't asked again")
	}
}

// A detail that can't be had as it is now is dropped when it is a week old, and the activity shown by its summary.
func TestADetailThatIsOutOfDateLapsesAlone(t *testing.T) {
	t.Parallel()
	h := kept(t)
	id := h.server.Activities(h.athlete())[2].ID
	h.must(h.server.SetDescription(id, "What only a detail tells."))
	h.must(h.server.Rename(id, "Renamed"))
	h.later(8 * time.Hour)
	if a, _ := h.shown(id); a.Name != "Renamed" || a.Description == nil {
		t.Fatalf("it is shown as %+v", a)
	}
	h.must(h.server.Rename(id, "Renamed again"))
	h.fault(stravatest.Fault{Kind: stravatest.FaultServerError, Path: "/activities/" + fmt.Sprint(id)})
	h.later(9 * 24 * time.Hour)
	a, ok := h.shown(id)
	if !ok || a.Name != "Renamed again" || a.Description != nil {
		t.Errorf("shown as %+v", a)
	}
	if n := len(h.activities()); n != 30 {
		t.Errorf("%d activities are here, want 30", n)
	}
	h.server.ClearFaults()
	h.later(2 * 24 * time.Hour)
	h.complete()
}

// Setting a retention where there was none leaves time to confirm first.
func TestARetentionBeginsWithConfirming(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 5, Activities: 230, Limits: plenty}, func(h *house) { h.policy.Poll = 30 * 24 * time.Hour })
	h.later(6 * 24 * time.Hour)
	h.policy.Retention = 48 * time.Hour
	h.reopen()
	h.server.ResetCalls()
	h.later(36 * time.Hour)
	h.complete()
	if n := h.server.Counts()["GET /activities/{id}"]; n > 15 { // rechecks of the newest
		t.Errorf("%d details were fetched again", n)
	}
}
