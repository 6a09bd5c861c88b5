package web

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A figure is a number with its unit, apart so that they can be set in two sizes: {"26", "min"}.
type figure struct{ Value, Unit string }

// thousands writes n with a comma between thousands, as 1,000.
func thousands(n int) string {
	s := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, s = "−", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// distance says a distance as people do: 800 m, 5.2 km, 104 km.
func distance(m float64) figure {
	switch {
	case m < 999.5:
		return figure{thousands(int(math.Round(m))), "m"}
	case m < 99_950:
		return figure{strconv.FormatFloat(m/1000, 'f', 1, 64), "km"}
	}
	return figure{thousands(int(math.Round(m / 1000))), "km"}
}

// duration says a time as people do: 26 min 30 s, 1 h 12 min.
func duration(seconds int) []figure {
	if seconds >= 3600 {
		minutes := (seconds + 30) / 60
		f := []figure{{thousands(minutes / 60), "h"}}
		if minutes%60 > 0 {
			f = append(f, figure{strconv.Itoa(minutes % 60), "min"})
		}
		return f
	}
	var f []figure
	if seconds >= 60 {
		f = append(f, figure{strconv.Itoa(seconds / 60), "min"})
	}
	if seconds%60 > 0 || seconds < 60 {
		f = append(f, figure{strconv.Itoa(seconds % 60), "s"})
	}
	return f
}

// clock writes seconds as minutes and seconds, 5:05.
func clock(seconds float64) string {
	s := int(math.Round(seconds))
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// sportWords are the names of sports that don't come apart at their capitals into what people say.
var sportWords = map[string]string{
	"EBikeRide": "E-bike ride", "EMountainBikeRide": "E-mountain bike ride",
	"HighIntensityIntervalTraining": "Interval training", "StandUpPaddling": "Paddle boarding",
	"RockClimbing": "Climbing", "Handcycle": "Handcycling", "Velomobile": "Velomobile ride",
	"NordicSki": "Cross-country ski", "BackcountrySki": "Ski tour",
}

// sport says what kind of sport it is: "Trail run". A sport nobody has heard of is taken apart at its capitals.
func sport(sportType string) string {
	if w, ok := sportWords[sportType]; ok {
		return w
	}
	var b strings.Builder
	for i, r := range sportType {
		if i > 0 && unicode.IsUpper(r) {
			b.WriteByte(' ')
			r = unicode.ToLower(r)
		}
		b.WriteRune(r)
	}
	return b.String()
}

// localWall is the form of an activity's local start.
const localWall = "2006-01-02T15:04:05"

// when says when an activity started, on the clock of the place where it did, seen from now on the same clock:
// "Today, 07:49", "Thursday 21 May, 07:49". A start at one second past midnight is a hidden one: the day alone.
func when(startLocal string, now time.Time) string {
	t, err := time.Parse(localWall, startLocal)
	if err != nil {
		return ""
	}
	today := now.Format(time.DateOnly)
	var day string
	switch date := t.Format(time.DateOnly); {
	case date == today:
		day = "Today"
	case date == now.AddDate(0, 0, -1).Format(time.DateOnly):
		day = "Yesterday"
	case t.Year() == now.Year():
		day = t.Format("Monday 2 January")
	default:
		day = t.Format("2 January 2006")
	}
	if strings.HasSuffix(startLocal, "T00:00:01") {
		return day
	}
	return day + ", " + t.Format("15:04")
}

// clockTime says a moment on today's clock, with its day where that is another one: "14:15", "3 October, 14:15".
func clockTime(t, now time.Time) string {
	if t.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return t.Format("15:04")
	}
	return t.Format("2 January, 15:04")
}

// ago says how long something is past. musette.js says the same as time goes by.
func ago(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return plural(int(d/time.Minute), "minute") + " ago"
	case d < 48*time.Hour:
		return plural(int(d/time.Hour), "hour") + " ago"
	}
	return plural(int(d/(24*time.Hour)), "day") + " ago"
}

// about says how long something will take.
func about(d time.Duration) string {
	switch {
	case d < 90*time.Second:
		return "about a minute"
	case d < 90*time.Minute:
		return fmt.Sprintf("about %d min", int(d.Round(time.Minute)/time.Minute))
	case d < 36*time.Hour:
		return "about " + plural(int(d.Round(time.Hour)/time.Hour), "hour")
	}
	return "about " + plural(int(d.Round(24*time.Hour)/(24*time.Hour)), "day")
}

func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(n) + " " + one + "s"
}

// fold parts a long text in what is shown at first and the rest; both together are the text. It parts at the end of
// a line, else of a sentence, else of a word.
func fold(text string, runes, lines int) (first, rest string) {
	end, n := len(text), 0
	for i, r := range text {
		if n == runes {
			end = i
			break
		}
		n++
		if r == '\n' {
			if lines--; lines == 0 {
				end = i + 1
				break
			}
		}
	}
	// A few words more are better than a fold that hides only those.
	if len(text)-end < 60 && !strings.Contains(text[end:], "\n") {
		return text, ""
	}
	head := text[:end]
	for _, sep := range []string{"\n", ". ", " "} {
		if i := strings.LastIndex(head, sep); i >= len(head)/2 {
			return text[:i+len(sep)], text[i+len(sep):]
		}
	}
	return head, text[end:]
}

// asSentence gives words the capital and the full stop that they may lack; "" stays "".
func asSentence(words string) string {
	words = strings.TrimSpace(words)
	first, size := utf8.DecodeRuneInString(words)
	if size == 0 {
		return ""
	}
	return string(unicode.ToUpper(first)) + strings.TrimSuffix(words[size:], ".") + "."
}
