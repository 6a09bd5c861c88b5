package main

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"musette"
)

// spell is a status and how long it lasts.
type spell struct {
	state musette.State
	lasts time.Duration
}

// heard plays spells, second by second, to a receiver that accepts at once, and returns what it is told when.
func heard(after time.Duration, spells ...spell) (told []string) {
	var b notebook
	now := noon
	for _, s := range spells {
		for end := now.Add(s.lasts); now.Before(end); now = now.Add(time.Second) {
			var due bool
			if b, due, _ = b.see(musette.Status{State: s.state}, after, now); due {
				told = append(told, now.Sub(noon).String()+" "+string(b.State))
				b = b.trying(now).accepted(b.State)
			}
		}
	}
	return told
}

func TestWhatLastsIsToldOnceAndItsEndOnce(t *testing.T) {
	const ok, syncing, limited, offline = musette.StateOK, musette.StateSyncing, musette.StateLimited, musette.StateOffline
	for name, c := range map[string]struct {
		spells []spell
		want   []string
	}{
		"nothing amiss":      {[]spell{{ok, time.Hour}, {syncing, 3 * time.Hour}, {ok, time.Hour}}, nil},
		"too short to tell":  {[]spell{{offline, 59 * time.Minute}, {ok, 2 * time.Hour}}, nil},
		"long":               {[]spell{{ok, time.Hour}, {offline, 5 * time.Hour}, {ok, 3 * time.Hour}}, []string{"2h0m0s offline", "6h1m0s ok"}},
		"over while syncing": {[]spell{{offline, 2 * time.Hour}, {syncing, time.Hour}}, []string{"1h0m0s offline", "2h1m0s ok"}},
		"another in between": {
			[]spell{{limited, 30 * time.Minute}, {offline, 40 * time.Minute}, {limited, 50 * time.Minute}, {ok, time.Hour}}, nil,
		},
		"one after another": {
			[]spell{{limited, 2 * time.Hour}, {musette.StateInactive, 2 * time.Hour}, {ok, time.Hour}},
			[]string{"1h0m0s limited", "3h0m0s inactive", "4h1m0s ok"},
		},
		"another, too short to tell, then the end": {
			[]spell{{limited, 2 * time.Hour}, {musette.StateInactive, 10 * time.Minute}, {ok, time.Hour}}, []string{"1h0m0s limited", "2h11m0s ok"},
		},
		"a call now and then doesn't end it": {
			[]spell{{limited, 50 * time.Minute}, {syncing, 20 * time.Second}, {limited, 50 * time.Minute}, {ok, 59 * time.Second}, {limited, time.Hour}},
			[]string{"1h0m0s limited"},
		},
	} {
		if got := heard(time.Hour, c.spells...); !equal(got, c.want) {
			t.Errorf("%s: told %q, not %q", name, got, c.want)
		}
	}
}

func equal(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// The state began before anybody was looking.
func TestTheStatusKnowsBestWhenItBegan(t *testing.T) {
	since := noon.Add(-50 * time.Minute)
	status := musette.Status{State: musette.StateOffline, Since: &since}
	b, due, wake := notebook{}.see(status, time.Hour, noon)
	if due || !wake.Equal(noon.Add(10*time.Minute)) {
		t.Errorf("due %v, else at %s", due, wake)
	}
	if _, due, _ := b.see(status, time.Hour, wake); !due {
		t.Error("not due an hour after it began")
	}
}

func TestTriesInVainComeLessAndLessOften(t *testing.T) {
	b := notebook{State: musette.StateOffline, Since: noon.Add(-time.Hour)}
	status, now := musette.Status{State: musette.StateOffline}, noon
	var waits []time.Duration
	for range 10 {
		_, due, _ := b.see(status, time.Hour, now)
		if !due {
			t.Fatalf("not due after %v", waits)
		}
		b = b.trying(now)
		if _, due, _ := b.see(status, time.Hour, now.Add(notifyTimeout)); due {
			t.Fatal("another instance tries at the same time")
		}
		b = b.refused(musette.StateOffline, now)
		_, _, wake := b.see(status, time.Hour, now)
		waits = append(waits, wake.Sub(now))
		now = wake
	}
	want := []time.Duration{10 * time.Second, 20 * time.Second, 40 * time.Second, 80 * time.Second, 160 * time.Second, 320 * time.Second, 640 * time.Second, 15 * time.Minute, 15 * time.Minute, 15 * time.Minute}
	for i := range want {
		if waits[i] != want[i] {
			t.Fatalf("waits %v, not %v", waits, want)
		}
	}
	// A newer state starts afresh.
	held := musette.Status{State: musette.StateHeld}
	b, _, _ = b.see(held, time.Hour, now)
	if _, due, _ := b.see(held, time.Hour, now.Add(time.Hour)); !due {
		t.Error("the next state waits for the tries of the one before")
	}
}

// Whatever comes: nothing is told twice in a row, ok only after something else, nothing before it has lasted; and
// after quiet hours the receiver knows how things are.
func TestTheReceiverKnowsHowThingsAre(t *testing.T) {
	states := []musette.State{
		musette.StateOK, musette.StateSyncing, musette.StateLimited, musette.StateOffline, musette.StateHeld, musette.StateStoreDown,
	}
	rapid.Check(t, func(t *rapid.T) {
		after := time.Duration(rapid.IntRange(1, 7200).Draw(t, "after")) * time.Second
		accepts := rapid.SliceOfN(rapid.Bool(), 1, 20).Draw(t, "accepts")
		var b notebook
		now, knows, tries := noon, musette.StateOK, 0
		var state musette.State
		step := func(until time.Time, ready bool) {
			for {
				var due bool
				var wake time.Time
				if b, due, wake = b.see(musette.Status{State: state}, after, now); !due {
					if wake.IsZero() || wake.After(until) {
						now = until
						return
					}
					if !wake.After(now) {
						t.Fatalf("to look again at %s, at %s", wake, now)
					}
					now = wake
					continue
				}
				if b.State == knows {
					t.Fatalf("%s is told twice", knows)
				}
				if b.State != musette.StateOK && now.Sub(b.Since) < after {
					t.Fatalf("%s is told after %s", b.State, now.Sub(b.Since))
				}
				b = b.trying(now)
				if tries++; ready || accepts[tries%len(accepts)] {
					b, knows = b.accepted(b.State), b.State
				} else {
					b = b.refused(b.State, now)
				}
			}
		}
		for range rapid.IntRange(1, 30).Draw(t, "spells") {
			state = rapid.SampledFrom(states).Draw(t, "state")
			step(now.Add(time.Duration(rapid.IntRange(1, 10000).Draw(t, "lasts"))*time.Second), false)
		}
		step(now.Add(24*time.Hour), true)
		if knows != state && !(well(state) && knows == musette.StateOK) {
			t.Fatalf("it is %s, the receiver knows of %s", state, knows)
		}
	})
}
