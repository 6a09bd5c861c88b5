package web

import (
	"strings"
	"testing"
	"time"

	"musette"
)

func TestStatesAreSentences(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 10, 3, 14, 2, 0, 0, time.UTC)
	at := func(minutes int) *time.Time {
		m := now.Add(time.Duration(minutes) * time.Minute)
		return &m
	}
	half := []musette.Athlete{{Name: "Jo Dean", Parts: map[musette.Part]musette.PartCount{musette.PartDetail: {Have: 312, Due: 138}}}}
	for _, c := range []struct {
		name   string
		status musette.Status
		public bool
		want   string
	}{
		{"ok", musette.Status{State: musette.StateOK, AsOf: at(-4)}, false, "Up to date 4 minutes ago."},
		{"just now", musette.Status{State: musette.StateOK, AsOf: at(0)}, false, "Up to date just now."},
		{"old", musette.Status{State: musette.StateOK, AsOf: at(-3 * 24 * 60)}, false, "Last checked 3 days ago."},
		{"never", musette.Status{State: musette.StateOK}, false, ""},
		{"resting", musette.Status{State: musette.StateLimited, AsOf: at(-4), Until: at(13)}, true, "Strava is resting until 14:15; everything here is from 13:58."},
		{"resting over midnight", musette.Status{State: musette.StateLimited, AsOf: at(-4), Until: at(13 * 60)}, true, "Strava is resting until 4 October, 03:02; everything here is from 13:58."},
		{"resting, half here", musette.Status{State: musette.StateLimited, Until: at(13), ETA: at(20), Athletes: half}, false, "312 of 450 activities are complete. Strava is resting until 14:15; the rest arrives after that, all in about 20 min."},
		{"coming in", musette.Status{State: musette.StateSyncing, AsOf: at(-4), ETA: at(2), Athletes: half}, false, "Details are still coming in: 312 of 450 are complete; all here in about 2 min."},
		{"first list", musette.Status{State: musette.StateSyncing}, false, "The activities are being fetched; they appear here in a moment."},
		{"polling", musette.Status{State: musette.StateSyncing, AsOf: at(-4)}, false, "Up to date 4 minutes ago."},
		{"offline", musette.Status{State: musette.StateOffline, AsOf: at(-4), NextCall: at(13)}, true, "Strava isn’t answering at the moment. Everything here is from 13:58 and stays; it is asked again at 14:15."},
		{"offline, next unknown", musette.Status{State: musette.StateOffline}, true, "Strava isn’t answering at the moment. Nothing is lost; it is asked again soon."},
		{"store", musette.Status{State: musette.StateStoreDown, AsOf: at(-4)}, true, "The database can’t be used. Nothing is lost: this is the copy from 13:58, and it catches up by itself."},
		{
			"one of two",
			musette.Status{State: musette.StateOK, AsOf: at(-4), Athletes: []musette.Athlete{
				{Name: "Jo Dean", State: musette.StateReconnect, Cause: "The athlete's access was revoked. What is stored stays and is served. Run `musette connect` to connect again."},
				{State: musette.StateOK},
			}},
			false,
			"Up to date 4 minutes ago. Nothing new arrives from Jo Dean for now. The athlete’s access was revoked. What is stored stays and is served. Run musette connect to connect again.",
		},
		{
			"nobody connected",
			musette.Status{State: musette.StateReconnect, Cause: "no athlete is connected yet: run `musette connect`"},
			false,
			"No athlete is connected yet: run musette connect.",
		},
		{
			"client secret",
			musette.Status{State: musette.StateReconnect, AsOf: at(-4), Cause: "Strava does not accept the client secret. Correct STRAVA_CLIENT_SECRET and start again."},
			false,
			"Nothing new arrives from Strava for now. Strava does not accept the client secret. Correct STRAVA_CLIENT_SECRET and start again.",
		},
		{
			"cause unknown",
			musette.Status{State: musette.StateReconnect, AsOf: at(-4), Advice: musette.StateReconnect.Advice()},
			false,
			"Nothing new arrives from Strava for now. Run musette connect, or mend what the cause names and start again.",
		},
		{
			"reconnect, a stranger",
			musette.Status{State: musette.StateReconnect, AsOf: at(-4), Cause: "SECRET"},
			true,
			"New activities can’t be fetched for now. Everything here is from 13:58.",
		},
		{
			"clock",
			musette.Status{State: musette.StateOK, AsOf: at(-4), Warnings: []musette.Warning{{Name: musette.WarningClock, OffS: 7203}}},
			false,
			"Up to date 4 minutes ago. The server’s clock is about 2 hours ahead, so times here may be wrong by as much. Nothing is lost, and nothing stops; set it right, for instance with timedatectl set-ntp true.",
		},
		{
			"no room for files",
			musette.Status{State: musette.StateOK, AsOf: at(-4), Warnings: []musette.Warning{{Name: musette.WarningDiskFull}}},
			false,
			"Up to date 4 minutes ago. The disk is full. Nothing is lost, and new activities still arrive, but there is no room for snapshots or pictures. Free some space and it goes on by itself.",
		},
		{
			"no room for files, a stranger",
			musette.Status{State: musette.StateOK, AsOf: at(-4), Warnings: []musette.Warning{{Name: musette.WarningDiskFull}}},
			true,
			"Up to date 4 minutes ago.",
		},
		{
			"clock, a stranger",
			musette.Status{State: musette.StateOK, AsOf: at(-4), Warnings: []musette.Warning{{Name: musette.WarningClock, OffS: -200}}},
			true,
			"Up to date 4 minutes ago.",
		},
		{
			"inactive",
			musette.Status{State: musette.StateInactive, AsOf: at(-4)},
			false,
			"Your Strava app is switched off (subscription lapsed). Nothing is lost; new activities arrive when it is back.",
		},
	} {
		var said []string
		for _, line := range (speaker{now, !c.public}).say(&c.status) {
			var b strings.Builder
			for _, p := range line.Pieces {
				b.WriteString(p.Text)
			}
			said = append(said, b.String())
		}
		if got := strings.Join(said, " "); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

// Whatever is known or not, every state that stops something is told, ends well, and keeps commands from strangers.
func TestEveryStateIsTold(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 10, 3, 14, 2, 0, 0, time.UTC)
	for _, state := range []musette.State{
		musette.StateStoreDown, musette.StateDiskFull, musette.StateInactive, musette.StateReconnect,
		musette.StateOffline, musette.StateHeld, musette.StateLimited, musette.StateSyncing,
	} {
		for _, owner := range []bool{true, false} {
			for _, asOf := range []*time.Time{nil, &now} {
				var b strings.Builder
				for _, line := range (speaker{now, owner}).say(&musette.Status{State: state, AsOf: asOf, Advice: state.Advice()}) {
					for _, p := range line.Pieces {
						b.WriteString(p.Text)
					}
				}
				s := b.String()
				if state == musette.StateHeld && !owner && asOf == nil {
					continue // nothing that concerns a stranger
				}
				if s == "" || !strings.HasSuffix(s, ".") || strings.Contains(s, "..") || strings.Contains(s, "  ") {
					t.Errorf("%s, owner %v: %q is no sentence", state, owner, s)
				}
				if !owner && strings.Contains(s, "musette ") {
					t.Errorf("%s: a stranger is told to type something: %q", state, s)
				}
			}
		}
	}
}
