package keeper_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"musette"
	"musette/keeper"
	"musette/strava/stravatest"
)

// The tests named Failure… each stand for one way in which the system before this one lost data or stopped, by the
// number it has in the list of its weaknesses; the other numbers are beside what they are about.

// A refresh of everything replaced all by bare summaries.
func TestFailure02NoRefreshErasesDetails(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 5, Activities: 40, Limits: plenty})
	h.later(time.Hour)
	h.complete()
	before := h.activities()
	h.fault(stravatest.Fault{Kind: stravatest.FaultServerError, Path: "/activities/**"}) // nothing but lists comes
	lists := h.lists()
	h.later(8 * 24 * time.Hour) // polls, and the sweep over everything
	if h.lists()-lists < 30 {
		t.Fatalf("only %d listings in eight days", h.lists()-lists)
	}
	for id, a := range h.activities() {
		if !bytes.Equal(a.View, before[id].View) {
			t.Errorf("activity %d was %s, is %s", id, before[id].View, a.View)
		}
	}
	h.server.ClearFaults()
	h.later(24 * time.Hour)
	h.complete()
}

// Values were fetched, and then thrown away.
func TestFailure07WhatIsFetchedIsReadable(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 6, Activities: 30, Limits: plenty})
	h.later(time.Hour)
	for _, a := range h.server.Activities(h.athlete())[:10] {
		_, err := h.server.AddComment(a.ID, somebody, "Topped up")
		h.must(err)
		_, err = h.server.AddPhoto(a.ID, "Later")
		h.must(err)
	}
	h.server.ResetCalls()
	h.later(h.policy.Poll + time.Minute)
	h.complete()
	counts := h.server.Counts()
	if counts["GET /activities/{id}/comments"] != 10 || counts["GET /activities/{id}/photos"] != 10 {
		t.Errorf("each should be fetched once: %v", counts)
	}
}

// A nightly check "repaired" good data by what failed calls had left.
func TestFailure08NothingIsRepairedFromFailures(t *testing.T) {
	t.Parallel()
	for _, kind := range []stravatest.FaultKind{
		stravatest.FaultTokenInvalid, stravatest.FaultEmptyObject, stravatest.FaultEmptyPolyline, stravatest.FaultNotFound,
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, stravatest.Config{Seed: 7, Activities: 25, Limits: plenty})
			h.later(time.Hour)
			before := h.activities()
			h.fault(stravatest.Fault{Kind: kind, Path: "/activities/*", For: 20 * time.Hour})
			_, err := keeper.AskRefresh(t.Context(), h.store, h.server.Activities(h.athlete())[0].ID, h.clock.Now())
			h.must(err)
			h.later(21 * time.Hour) // rechecks, polls and a person's wish meet the fault
			for id, a := range h.activities() {
				if !bytes.Equal(a.View, before[id].View) {
					t.Errorf("activity %d was %s, is %s", id, before[id].View, a.View)
				}
			}
			if len(h.activities()) != len(before) {
				t.Errorf("%d activities, there were %d", len(h.activities()), len(before))
			}
			h.later(3 * 24 * time.Hour)
			h.complete()
		})
	}
}

// Quotes, backslashes and semicolons were stripped from everything, polylines included.
func TestFailure10BytesAreKeptAsTheyCame(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 8, Activities: 12, Limits: plenty})
	id := h.server.Activities(h.athlete())[0].ID
	text := "\"quoted\" 'single' back\\slash; semi\r\nCRLF <b>markup</b> \u2028 🚴 ${x} `tick`"
	h.must(h.server.SetDescription(id, text))
	h.must(h.server.Rename(id, text))
	h.later(time.Hour)
	h.complete()
	for _, a := range h.server.Activities(h.athlete()) {
		doc, ok := h.document(a.ID, musette.PartDetail)
		if !ok || !bytes.Equal(doc.Body, h.wire(a.ID)) {
			t.Errorf("activity %d: the detail kept is not the bytes that Strava sends", a.ID)
		}
	}
}

// wire is a detail as it goes over the wire.
func (h *house) wire(id int64) []byte {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), http.MethodGet, h.at.APIURL+"/activities/"+strconv.FormatInt(id, 10), nil)
	h.must(err)
	r.Header.Set("Authorization", "Bearer "+h.server.AccessToken(h.athlete()))
	answer, err := http.DefaultClient.Do(r)
	h.must(err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	h.must(err)
	return body
}

// The code that should have waited and tried again crashed.
func TestFailure11BackoffGoesOn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 9, Activities: 6, Limits: plenty})
	for _, kind := range []stravatest.FaultKind{stravatest.FaultServerError, stravatest.FaultReset, stravatest.FaultTruncate} {
		h.fault(stravatest.Fault{Kind: kind, Path: "/athlete/activities", Count: 1})
	}
	tries := h.callsIn(func() { h.later(time.Minute) })
	h.complete()
	waits := []time.Duration{time.Second, 5 * time.Second, 30 * time.Second}
	var lists []time.Time
	for _, c := range h.server.Calls() {
		if strings.HasSuffix(c.Path, "/athlete/activities") {
			lists = append(lists, c.Time)
		}
	}
	if len(tries) == 0 || len(lists) < 4 {
		t.Fatalf("%d listings were tried", len(lists))
	}
	for i, least := range waits {
		if wait := lists[i+1].Sub(lists[i]); wait < least || wait > 2*least {
			t.Errorf("try %d came after %v, want %v or a little more", i+2, wait, least)
		}
	}
}

// A failed refresh counted as done until the next slot, and slots were missed.
func TestFailure27DowntimeAndFailuresAreCaughtUp(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 10, Activities: 15, Limits: plenty})
	h.later(time.Hour)
	h.close()
	h.clock.Advance(3 * 24 * time.Hour) // nobody is at it
	missed := h.add(h.clock.Now().Add(-30 * time.Hour))
	h.open()
	h.later(time.Minute)
	if _, ok := h.shown(missed); !ok {
		t.Error("a minute after three days of downtime the activity of that time is not here")
	}
	h.fault(stravatest.Fault{Kind: stravatest.FaultServerError, Path: "/athlete/activities", For: h.policy.Poll + 10*time.Minute})
	h.later(h.policy.Poll - time.Minute)
	during := h.add(h.clock.Now().Add(-time.Hour))
	h.later(2 * time.Hour) // far less than to the poll after the failed one
	if _, ok := h.shown(during); !ok {
		t.Error("a failed poll was not made up for")
	}
}

// Whole tokens were in the log, and in addresses. Here: all that the keeper writes when everything goes wrong, at the
// most talkative level, and what it keeps of errors.
func TestFailure20NoSecretIsInTheLog(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	h := newHouse(t, stravatest.Config{Seed: 11, Activities: 12, Limits: plenty, RotateRefreshTokens: true}, func(h *house) {
		h.log = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	for _, kind := range faultKinds {
		if kind == stravatest.FaultLatency {
			continue
		}
		for _, path := range []string{"", "/oauth/token"} {
			h.fault(stravatest.Fault{Kind: kind, Path: path, For: time.Hour})
		}
		h.server.ExpireTokens()
		h.later(70 * time.Minute)
	}
	h.server.Revoke(h.athlete())
	h.later(24 * time.Hour)
	said := log.String() + fmt.Sprintf("%+v", h.status())
	if len(said) < 10_000 {
		t.Fatalf("only %d bytes were written, the test is void", len(said))
	}
	for _, secret := range []string{h.server.ClientSecret(), "Bearer", "access_token", "refresh_token="} {
		if strings.Contains(said, secret) {
			t.Errorf("%.20q is written", secret)
		}
	}
	if token := regexp.MustCompile(`\b[0-9a-f]{40}\b`).FindString(said); token != "" { // as Strava's are
		t.Errorf("%.6s… is written", token)
	}
}

// A flag said that a batch was under way. It stayed after one that had nothing to do, after one asked for from inside
// another, and after a crash; from then on nothing was looked after. Here nothing but calls says that calls are made.
func TestFailure25NothingStaysUnderWay(t *testing.T) {
	inBubble(t, stravatest.Config{Seed: 12, Activities: 20, Limits: plenty}, nothingStays)
}

func nothingStays(h *house) {
	t := h.t
	h.sync()
	h.complete()
	syncs := func(what string) {
		t.Helper()
		before := h.keeper.Calls()
		if s := h.sync(); s.State != musette.StateOK || h.keeper.Calls()-before != 1 {
			t.Errorf("%s: a sync ends %s after %d calls, want ok after one", what, s.State, h.keeper.Calls()-before)
		}
	}
	syncs("complete")
	syncs("nothing to do before")

	asked := false
	_, err := h.keeper.Sync(t.Context(), keeper.SyncOptions{Progress: func(musette.Status) {
		if !asked {
			asked = true
			_, err := keeper.AskRefresh(t.Context(), h.store, 0, h.clock.Now())
			h.must(err)
		}
	}})
	h.must(err)
	h.later(time.Second)
	syncs("asked for from inside another")

	added := h.add(time.Time{})
	_, err = keeper.AskRefresh(t.Context(), h.store, 0, h.clock.Now())
	h.must(err)
	ctx, crash := context.WithCancel(t.Context())
	h.must(h.keeper.Lead(ctx, func(ctx context.Context) error {
		_, err := h.keeper.Step(ctx, h.clock.Now())
		h.store.Close() // and nothing of it is given back
		return err
	}))
	crash()
	h.reopen()
	h.clock.Advance(2 * time.Minute)
	if s := h.status(); s.State == musette.StateSyncing {
		t.Errorf("two minutes after a crash it is still %s", s.State)
	}
	h.sync()
	if _, ok := h.shown(added); !ok {
		t.Error("after a crash nothing new comes")
	}
	syncs("after a crash")
}
