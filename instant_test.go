package musette_test

import (
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"musette"
)

func TestInstantJSON(t *testing.T) {
	cest := time.FixedZone("", 7200)
	for want, at := range map[string]time.Time{
		`"2026-05-22T06:49:27Z"`: time.Date(2026, 5, 22, 8, 49, 27, 999999999, cest),
		`"0001-01-01T00:00:00Z"`: {},
	} {
		for _, i := range []musette.Instant{musette.At(at), {Time: at}} {
			if got := string(jsonOf(i)); got != want {
				t.Errorf("%s is written as %s, want %s", at, got, want)
			}
			text, err := i.MarshalText()
			if err != nil || `"`+string(text)+`"` != want {
				t.Errorf("%s as text is %s (%v)", at, text, err)
			}
		}
		var back musette.Instant
		if err := json.Unmarshal([]byte(want), &back); err != nil || back != musette.At(at) {
			t.Errorf("%s is read as %s (%v)", want, back, err)
		}
	}
	for _, bad := range []string{`7`, `"yesterday"`, `"2026-05-22"`} {
		var i musette.Instant
		if err := json.Unmarshal([]byte(bad), &i); err == nil {
			t.Errorf("%s is read as %s", bad, i)
		}
	}
}
