package musette_test

import (
	"testing"
	"time"

	"musette"
)

func TestLocalStart(t *testing.T) {
	for name, c := range map[string]struct {
		start, local, zone string
		offset             any
		want, wantZone     string
	}{
		"summer":                    {"2026-07-21T15:24:49Z", "2026-07-21T11:24:49Z", "(GMT-05:00) America/New_York", -14400.0, "2026-07-21T11:24:49", "America/New_York"},
		"winter":                    {"2026-01-21T15:24:49Z", "2026-01-21T10:24:49Z", "(GMT-05:00) America/New_York", -18000, "2026-01-21T10:24:49", "America/New_York"},
		"the hour that comes twice": {"2026-10-25T00:30:00Z", "2026-10-25T02:30:00Z", "(GMT+01:00) Europe/Berlin", 7200, "2026-10-25T02:30:00", "Europe/Berlin"},
		"and again":                 {"2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z", "(GMT+01:00) Europe/Berlin", 3600, "2026-10-25T02:30:00", "Europe/Berlin"},
		"across midnight":           {"2026-05-21T20:10:00Z", "2026-05-22T05:10:00Z", "(GMT+09:00) Asia/Tokyo", 32400, "2026-05-22T05:10:00", "Asia/Tokyo"},
		"half an hour":              {"2026-05-22T03:00:00Z", "2026-05-22T08:30:00Z", "(GMT+05:30) Asia/Kolkata", 19800, "2026-05-22T08:30:00", "Asia/Kolkata"},
		"a false local time":        {"2026-05-22T06:00:00Z", "2026-05-22T06:00:00Z", "(GMT+01:00) Europe/Berlin", 7200, "2026-05-22T08:00:00", "Europe/Berlin"},
		"a bare name":               {"2026-05-22T06:00:00Z", "2026-05-22T08:00:00Z", "Europe/Berlin", nil, "2026-05-22T08:00:00", "Europe/Berlin"},
		"a name nobody knows":       {"2026-05-22T06:00:00Z", "2026-05-22T09:30:00Z", "(GMT+03:30) Atlantis/Poseidonis", 12600, "2026-05-22T09:30:00", "UTC"},
		"a path":                    {"2026-05-22T06:00:00Z", "", "(GMT+01:00) ../../etc/passwd", nil, "2026-05-22T06:00:00", "UTC"},
		"the machine's own":         {"2026-05-22T06:00:00Z", "", "Local", nil, "2026-05-22T06:00:00", "UTC"},
		"a fixed offset":            {"2026-05-22T06:00:00Z", "", "", 34200.0, "2026-05-22T15:30:00", "UTC"},
		"an offset past sense":      {"2026-05-22T06:00:00Z", "", "", 1e8, "2026-05-22T06:00:00", "UTC"},
		"nothing at all":            {"2026-05-22T06:00:00Z", "2026-05-22T08:00:00Z", "", nil, "2026-05-22T06:00:00", "UTC"},
		"hidden, in the west":       {"2026-05-22T00:00:01Z", "2026-05-22T00:00:01Z", "(GMT-08:00) America/Los_Angeles", -25200, "2026-05-22T00:00:01", "America/Los_Angeles"},
		"hidden, in the east":       {"2026-05-22T00:00:01Z", "2026-05-22T00:00:01Z", "(GMT+12:00) Pacific/Auckland", 43200, "2026-05-22T00:00:01", "Pacific/Auckland"},
		"not hidden, by chance":     {"2026-05-22T00:00:01Z", "2026-05-22T09:00:01Z", "(GMT+09:00) Asia/Tokyo", 32400, "2026-05-22T09:00:01", "Asia/Tokyo"},
	} {
		t.Run(name, func(t *testing.T) {
			o := summaryObject().but(object{"start_date": c.start, "start_date_local": c.local, "timezone": c.zone, "utc_offset": c.offset})
			v := derive(t, doc(musette.PartSummary, o.bytes(), 0, 0))
			if v.StartLocal != c.want || v.Timezone != c.wantZone {
				t.Errorf("%s in %s, want %s in %s", v.StartLocal, v.Timezone, c.want, c.wantZone)
			}
			if got := v.Start.Format(time.RFC3339); got != c.start {
				t.Errorf("the start is %s, want %s", got, c.start)
			}
		})
	}
}
