package main

import (
	"strings"
	"testing"
	"time"

	"musette"
)

func TestStatusSaysSinceWhenAndWhatToDo(t *testing.T) {
	since, until := noon.Add(-2*time.Hour), noon.Add(15*time.Minute)
	s := musette.Status{
		Warnings: []musette.Warning{{Name: musette.WarningClock, Cause: "the clock is 2 h ahead", Since: &until, Advice: "set it", OffS: 7200}},
		State:    musette.StateOffline, Cause: "no answer", Since: &since, Until: &until, Advice: musette.StateOffline.Advice(),
		Athletes: []musette.Athlete{
			{ID: 1, Name: "Jo", State: musette.StateReconnect, Cause: "revoked", Since: &since}, {ID: 2, Name: "Al", State: musette.StateOK}, {ID: 3, State: musette.StateOK},
		},
		LastErrors: []musette.LastError{
			{At: since, Kind: "backup", Message: "no snapshot was written"},
			{At: since, ActivityID: 7, Part: musette.PartPhotos, Kind: "server", Message: "502"},
		},
	}
	var out strings.Builder
	if err := statusText(s, noon).write(&out); err != nil {
		t.Fatal(err)
	}
	clock := since.Local().Format("15:04:05")
	for _, want := range []string{
		"clock_wrong: the clock is 2 h ahead\n", "since ", until.Local().Format("15:04:05"), "set it\n",
		"offline: no answer\n", "since ", clock, "advice ", musette.StateOffline.Advice(), "Jo (1), 0 activities: reconnect since " + clock + ", revoked\n", "Al (2), 0 activities\n", "  3, 0 activities\n",
		clock + ", backup: no snapshot was written\n", clock + ", photos of 7: 502\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, &out)
		}
	}
}

// Whatever stops progress has something to do about it, but for what ends by itself.
func TestEveryStateThatNeedsAPersonHasAdvice(t *testing.T) {
	for _, s := range []musette.State{
		musette.StateStoreDown, musette.StateDiskFull, musette.StateInactive, musette.StateReconnect, musette.StateOffline, musette.StateHeld,
	} {
		if s.Advice() == "" {
			t.Errorf("%s has no advice", s)
		}
	}
	for _, s := range []musette.State{musette.StateLimited, musette.StateSyncing, musette.StateOK} {
		if s.Advice() != "" {
			t.Errorf("%s needs nothing done: %s", s, s.Advice())
		}
	}
}
