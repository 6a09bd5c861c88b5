package web

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"musette"
)

func TestNumbersAsPeopleSayThem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a    musette.Activity
		want string
	}{
		{musette.Activity{SportType: "Run", DistanceM: 5218.5, MovingS: 1590}, "Distance 5.2 km, Time 26 min 30 s, Pace 5:05 min/km"},
		{musette.Activity{SportType: "Run", DistanceM: 999.6, MovingS: 300}, "Distance 1.0 km, Time 5 min, Pace 5:00 min/km"},
		{musette.Activity{SportType: "TrailRun", DistanceM: 21_000, MovingS: 9000, ClimbM: 1200}, "Distance 21.0 km, Time 2 h 30 min, Climb 1,200 m"},
		{musette.Activity{SportType: "TrailRun", DistanceM: 10_000, MovingS: 3000, ClimbM: 60}, "Distance 10.0 km, Time 50 min, Pace 5:00 min/km"},
		{musette.Activity{SportType: "GravelRide", DistanceM: 47_600, MovingS: 8640, ClimbM: 780}, "Distance 47.6 km, Time 2 h 24 min, Climb 780 m"},
		{musette.Activity{SportType: "Swim", DistanceM: 1000, MovingS: 1200, ClimbM: 40}, "Distance 1,000 m, Time 20 min, Pace 2:00 min/100 m"},
		{musette.Activity{SportType: "RockClimbing", MovingS: 3600, ClimbM: 90}, "Time 1 h, Climb 90 m"},
		{musette.Activity{SportType: "Hike", DistanceM: 13_700, MovingS: 11_640}, "Distance 13.7 km, Time 3 h 14 min, Pace 14:10 min/km"},
		{musette.Activity{SportType: "Ride", DistanceM: 104_600, MovingS: 14_400, ClimbM: 900}, "Distance 105 km, Time 4 h, Speed 26.2 km/h"},
		{musette.Activity{SportType: "Swim", DistanceM: 1500, MovingS: 1800}, "Distance 1,500 m, Time 30 min, Pace 2:00 min/100 m"},
		{musette.Activity{SportType: "Yoga", MovingS: 3600}, "Time 1 h"},
		{musette.Activity{SportType: "Yoga", ElapsedS: 45}, "Time 45 s"},
		{musette.Activity{SportType: "Run", DistanceM: 300, MovingS: 36_000}, "Distance 300 m, Time 10 h"},
		{musette.Activity{SportType: "Run", DistanceM: 42_195, MovingS: 3599}, "Distance 42.2 km, Time 59 min 59 s, Pace 1:25 min/km"},
		{musette.Activity{SportType: "Run", DistanceM: 5000, MovingS: 7199}, "Distance 5.0 km, Time 2 h, Pace 24:00 min/km"},
		{musette.Activity{SportType: "Workout"}, ""},
	} {
		var got []string
		for _, n := range numbers(&c.a, metric) {
			got = append(got, n.Label+" "+inWords(n.Figures))
		}
		if s := strings.Join(got, ", "); s != c.want {
			t.Errorf("%+v:\n got %s\nwant %s", c.a, s, c.want)
		}
	}
}

func TestWhen(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)
	for local, want := range map[string]string{
		"2026-01-01T07:49:27": "Today, 07:49",
		"2025-12-31T23:59:59": "Yesterday, 23:59",
		"2026-01-01T00:00:01": "Today", // a hidden start
		"2025-05-21T07:49:27": "21 May 2025, 07:49",
		"2026-03-03T18:00:00": "Tuesday 3 March, 18:00",
		"":                    "",
	} {
		if got := when(local, now); got != want {
			t.Errorf("%q: got %q, want %q", local, got, want)
		}
	}
}

func TestSportsAreWords(t *testing.T) {
	t.Parallel()
	for typ, want := range map[string]string{
		"Run": "Run", "TrailRun": "Trail run", "EBikeRide": "E-bike ride", "WeightTraining": "Weight training",
		"Wingfoil": "Wingfoil", "": "", "ÉtéRun": "Été run",
	} {
		if got := sport(typ); got != want {
			t.Errorf("%q: got %q, want %q", typ, got, want)
		}
	}
}

// Folded or not, no letter of a text is lost or changed.
func TestFoldKeepsEveryLetter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(
			rapid.String(),
			rapid.StringOfN(rapid.SampledFrom([]rune("ab. \n\r🏃é")), 0, 900, -1),
		).Draw(t, "text")
		runes, lines := rapid.IntRange(1, 300).Draw(t, "runes"), rapid.IntRange(1, 9).Draw(t, "lines")
		first, rest := fold(s, runes, lines)
		if first+rest != s {
			t.Fatalf("%q + %q isn't %q", first, rest, s)
		}
		if s != "" && first == "" {
			t.Fatal("nothing is shown at first")
		}
		if utf8.ValidString(s) && (!utf8.ValidString(first) || !utf8.ValidString(rest)) {
			t.Fatal("it parts in the middle of a letter")
		}
		if n := utf8.RuneCountInString(first); n > runes+60 {
			t.Fatalf("%d letters are shown at first, more than %d", n, runes)
		}
	})
}

func TestFoldPartsWhereReadingPauses(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("word ", 12)
	for _, c := range []struct{ text, first string }{
		{"short", "short"},
		{"First line.\n" + long + long, "First line.\n"},
		{"A whole sentence. " + long + long, "A whole sentence. "},
		{long + long, "word word word word "},
	} {
		if first, _ := fold(c.text, 22, 9); first != c.first {
			t.Errorf("%q: got %q, want %q", c.text, first, c.first)
		}
	}
}

func TestOnlyHarmlessAddresses(t *testing.T) {
	t.Parallel()
	for u, want := range map[string]bool{
		"https://dgtzuqphqg23d.cloudfront.net/a-768x1024.jpg": true,
		"http://127.0.0.1/a.jpg":                              true,
		"/p/1/large":                                          true,
		"":                                                    false,
		"javascript:alert(1)":                                 false,
		"JaVaScRiPt:alert(1)":                                 false,
		" javascript:alert(1)":                                false,
		"java\nscript:alert(1)":                               false,
		"data:text/html,<script>":                             false,
		"vbscript:x":                                          false,
		"//evil.example/a.jpg":                                false,
		`/\evil.example/a.jpg`:                                false,
		"https:///a.jpg":                                      false,
		"file:///etc/passwd":                                  false,
		"a.jpg":                                               false,
		"blob:https://x.example/abc":                          false,
	} {
		if got := safeURL(u) != ""; got != want {
			t.Errorf("%q: got %v, want %v", u, got, want)
		}
	}
}
