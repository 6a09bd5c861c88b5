package main

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"musette"
	"musette/store"
	"musette/token"
)

func TestSyncSaysWhatItWaitsFor(t *testing.T) {
	t.Parallel()
	next, read := noon.Add(29500*time.Millisecond), noon.Add(time.Hour)
	failing := musette.Status{State: musette.StateSyncing, NextCall: &next, LastErrors: []musette.LastError{{At: noon, Kind: "transport"}}}
	well := failing
	well.LastErrors = nil
	old := failing
	old.LastErrors = []musette.LastError{{At: noon.Add(-time.Hour), Kind: "transport"}}
	other := failing
	other.LastErrors = []musette.LastError{{At: noon, Kind: "contradiction"}}
	later := failing
	later.NextCall = &read
	for name, c := range map[string]struct {
		status musette.Status
		now    time.Time
		want   string
	}{
		"no answer":       {failing, noon, "Strava doesn't answer; trying again in 30 s"},
		"HTML":            {musette.Status{NextCall: &next, LastErrors: []musette.LastError{{At: noon, Kind: "body"}}}, noon, "Strava doesn't answer; trying again in 30 s"},
		"well":            {well, noon, ""},
		"long ago":        {old, noon, ""},
		"one of its own":  {other, noon, ""},
		"it is due":       {failing, next, ""},
		"it has ended":    {failing, time.Time{}, ""},
		"an hour is long": {later, noon, "Strava doesn't answer; trying again in 3600 s"},
	} {
		if got := tallyOf(c.status, c.now).Waits; got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	head, tail := tallyOf(failing, noon).words(noon)
	if head != "Strava doesn't answer; trying again in 30 s" || tail != "" {
		t.Errorf("the line is %q %q", head, tail)
	}
}

func TestASyncThatIsStuckPromisesNothing(t *testing.T) {
	t.Parallel()
	for state, promised := range map[musette.State]bool{
		musette.StateOffline: false, musette.StateInactive: false, musette.StateReconnect: false, musette.StateDiskFull: false, musette.StateStoreDown: false,
		musette.StateLimited: true, musette.StateSyncing: true, musette.StateHeld: false,
	} {
		got := synced(musette.Status{State: state, Calls: 4, Athletes: []musette.Athlete{{Activities: 150}}})
		if !strings.HasPrefix(got, "150 activities here · 4 calls made") || strings.Contains(got, "still to come") != promised {
			t.Errorf("%s: %q", state, got)
		}
	}
}

// Where many activities are gone from Strava at once, a sync's last words are what waits for whom, and how to decide.
func TestASyncThatEndsHeldSaysWhatToDo(t *testing.T) {
	b := newHookBench(t, nil)
	athlete := b.fake.Athletes()[0].ID
	t.Setenv("STRAVA_REFRESH_TOKEN", b.fake.Grant(athlete))
	for n := range 15 {
		if _, err := b.fake.AddActivity(athlete, b.fake.Now().Add(-time.Duration(n+1)*24*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	b.musette(t.Context(), exitDone, "sync")
	for _, a := range b.fake.Activities(athlete)[:8] {
		if err := b.fake.Delete(a.ID); err != nil {
			t.Fatal(err)
		}
	}
	_, said := b.musette(t.Context(), exitState, "sync")
	lines := strings.Split(strings.TrimSpace(said), "\n")
	state, todo := lines[max(0, len(lines)-2)], lines[len(lines)-1]
	if !strings.HasPrefix(state, "musette: held: 8 activities seem deleted on Strava") || !strings.Contains(state, "deletions wait for you") ||
		!strings.Contains(todo, "`musette deletions list`") || strings.Contains(said, "still to come") {
		t.Errorf("it says %s", said)
	}
}

// In a sync single calls' warnings are for those who debug; what is an error stays one.
func TestWarningsAreDemoted(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := slog.New(demoted{slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelInfo})}).With("a", 1).WithGroup("g")
	log.Warn("one call")
	if out.Len() > 0 {
		t.Errorf("a warning is shown: %s", &out)
	}
	log.Info("progress")
	log.Error("trouble")
	if s := out.String(); !strings.Contains(s, "progress") || !strings.Contains(s, "level=ERROR") {
		t.Errorf("the log is %q", s)
	}
	out.Reset()
	slog.New(demoted{slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})}).Warn("one call")
	if !strings.Contains(out.String(), "level=DEBUG") {
		t.Errorf("the log is %q", &out)
	}
}

func TestErrorsForPeople(t *testing.T) {
	t.Parallel()
	twice := "failed to connect:\n\t127.0.0.1:1 (127.0.0.1): dial error: refused\n\t127.0.0.1:1 (127.0.0.1): dial error: refused"
	for err, want := range map[error]string{
		&store.Error{Kind: store.ErrUnreachable, Where: "postgres db/musette", Hint: "start it", Err: errors.New(twice)}: "musette: store_down: the database can't be reached: postgres db/musette: failed to connect: 127.0.0.1:1 (127.0.0.1): dial error: refused\nstart it\n",
		&token.ReconnectError{GrantID: "394a4e79", Text: "tokens are damaged"}:                                           "musette: reconnect: tokens are damaged\n",
		&token.ReconnectError{GrantID: "394a4e79", AthleteID: 7, Text: "tokens are damaged"}:                             "musette: reconnect: athlete 7: tokens are damaged\n",
	} {
		var out strings.Builder
		if code := report(&out, err); code != exitState || out.String() != want {
			t.Errorf("%d %q, want %q", code, out.String(), want)
		}
	}
}
