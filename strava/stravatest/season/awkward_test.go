package season_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the zones are compared with the real ones

	"pgregory.net/rapid"

	"musette/strava/stravatest/season"
)

// awkward are the cases that every season of 60 has, by name.
var awkward = map[string]func(s *season.Season, a *season.Activity) bool{
	"summer time in another zone": func(s *season.Season, a *season.Activity) bool {
		abroad, err := time.LoadLocation(a.Timezone)
		return err == nil && a.Timezone != s.Athlete.Timezone && a.Start.In(abroad).IsDST()
	},
	"run across midnight UTC": func(_ *season.Season, a *season.Activity) bool {
		return a.Type == "Run" && a.Start.Day() != a.Start.Add(a.Elapsed).Day()
	},
	"manual":             func(_ *season.Season, a *season.Activity) bool { return a.Manual && a.UploadID == "" },
	"indoor without map": func(_ *season.Season, a *season.Activity) bool { return a.Trainer && a.Points() == nil && !a.Manual },
	"only me":            func(_ *season.Season, a *season.Activity) bool { return a.Visibility == "only_me" },
	"followers only":     func(_ *season.Season, a *season.Activity) bool { return a.Visibility == "followers_only" },
	"hidden start":       func(_ *season.Season, a *season.Activity) bool { return a.HideStart },
	"id beyond 2^53":     func(_ *season.Season, a *season.Activity) bool { return a.ID > 1<<53 },
	"upload id beyond 2^53": func(_ *season.Season, a *season.Activity) bool {
		id, err := strconv.ParseInt(a.UploadID, 10, 64)
		return a.UploadID != "" && (err != nil || id > 1<<53)
	},
	"unknown sport": func(_ *season.Season, a *season.Activity) bool {
		return a.SportType == "Wingfoil" && a.Type == "Workout"
	},
	"no description": func(_ *season.Season, a *season.Activity) bool { return a.Description == nil },
	"line breaks":    described("\r\n"),
	"emoji":          described("\u200d"),
	"quotes":         described("\""),
	"backslash":      described("\\"),
	"semicolon":      described(";"),
	"markup":         described("<b>"),
	"script":         described("<script>"),
	"video": func(_ *season.Season, a *season.Activity) bool {
		return len(a.Photos) > 0 && a.Photos[len(a.Photos)-1].Video
	},
	"late upload": func(_ *season.Season, a *season.Activity) bool {
		return a.Uploaded.Sub(a.Start) > 48*time.Hour
	},
}

func described(with ...string) func(*season.Season, *season.Activity) bool {
	return func(_ *season.Season, a *season.Activity) bool {
		for _, w := range with {
			if a.Description != nil && strings.Contains(*a.Description, w) {
				return true
			}
		}
		return false
	}
}

func TestEverySeasonOf60HasTheAwkwardCases(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := season.Make(anyOptions(t, 60))
		maps := 0
		for i := range s.Activities[:60] {
			if s.Activities[i].Points() != nil {
				maps++
			}
		}
		if maps < 45 {
			t.Errorf("only %d of 60 have a map", maps)
		}
		for name, is := range awkward {
			found := false
			for i := range s.Activities {
				found = found || is(s, &s.Activities[i])
			}
			if !found {
				t.Errorf("none: %s", name)
			}
		}
	})
}

func TestParkrunStartsAtNineByTheLocalClock(t *testing.T) {
	s := season.Make(season.Options{Seed: 1, Activities: 400, Until: time.Date(2026, 7, 21, 18, 0, 0, 0, time.UTC)})
	home, err := time.LoadLocation(s.Athlete.Timezone)
	if err != nil {
		t.Fatal(err)
	}
	months := map[time.Month]bool{}
	for _, a := range s.Activities {
		if !strings.Contains(strings.ToLower(a.Name), "parkrun") {
			continue
		}
		at := a.Start.In(home)
		months[at.Month()] = true
		if at.Hour() != 9 || at.Minute() != 0 || at.Weekday() != time.Saturday || a.Distance < 4900 || a.Distance > 5100 {
			t.Errorf("%s of %.0f m at %v", a.Name, a.Distance, at)
		}
	}
	if !months[time.January] || !months[time.June] {
		t.Errorf("only in %v", months)
	}
}

// A season is the same on every processor: this sum was taken on amd64, with
// and without fused multiply-add, and on 386.
func TestSeasonIsTheSameEverywhere(t *testing.T) {
	s := season.Make(season.Options{Seed: 1, Activities: 120, Until: time.Date(2026, 7, 21, 18, 0, 0, 0, time.UTC)})
	h := sha256.New()
	e := json.NewEncoder(h)
	write := func(x any) {
		if err := e.Encode(x); err != nil {
			t.Fatal(err)
		}
	}
	write(s.Athlete)
	write(s.Gear)
	for i := range s.Activities {
		a := &s.Activities[i]
		write(a)
		write(a.Streams())
		write(a.Laps())
		write(a.SummaryPolyline())
	}
	h.Write(season.JPEG(season.PhotoSeed(7, 5, 18), 320, 240))
	const want = "cfc7a758f08b1220"
	if got := hex.EncodeToString(h.Sum(nil))[:16]; got != want {
		t.Errorf("the season of seed 1 is %s, was %s; if it changed on purpose, change the sum", got, want)
	}
}
