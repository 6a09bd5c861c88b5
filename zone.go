package musette

import (
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // the same documents give the same view on machines without zones, too
)

// wallClock is a local time as it is shown: no zone, since it has one of its own.
const wallClock = "2006-01-02T15:04:05"

// maxOffset is the furthest that any place is from UTC.
const maxOffset = 14 * time.Hour

// localStart is the wall clock at the place: the start in its zone; without a zone that is known, by the offset, and
// in UTC without one. start_date_local, with its false Z, is trusted only where the start is hidden: Strava then sends
// the local midnight plus one second in both members, and the zone would move it to another time or even day. Source:
// Strava's changelog of 2024-07-03.
func localStart(b *Basics) (local, zone string) {
	loc, zone := time.UTC, "UTC"
	if l := location(b.Timezone); l != nil {
		loc, zone = l, b.Timezone
	} else if b.UTCOffset.Abs() <= maxOffset {
		loc = time.FixedZone("", int(b.UTCOffset/time.Second))
	}
	if b.HiddenStart() {
		return strings.TrimSuffix(b.StartLocal, "Z"), zone
	}
	return b.Start.In(loc).Format(wallClock), zone
}

// HiddenStart reports whether the athlete hides the time of the start: Strava then sends midnight plus one second,
// in UTC and locally alike.
func (b *Basics) HiddenStart() bool {
	return strings.HasSuffix(b.StartLocal, "T00:00:01Z") && b.Start.Format(wallClock)+"Z" == b.StartLocal
}

// zoneName takes the IANA name out of "(GMT-05:00) America/New_York"; the offset in brackets is the standard one
// even in summer and of no use. Source: Strava API notes, section 7.
func zoneName(s string) string {
	if _, name, ok := strings.Cut(s, ") "); ok {
		s = name
	}
	if s = strings.TrimSpace(s); s == "Local" { // the machine's own, to Go
		return ""
	}
	return s
}

// zones are the zones loaded so far: each is read and parsed once.
var zones sync.Map // name -> *time.Location

// location returns the zone of an IANA name, nil if there is none.
func location(name string) *time.Location {
	if name == "" {
		return nil
	}
	if l, ok := zones.Load(name); ok {
		return l.(*time.Location)
	}
	l, err := time.LoadLocation(name)
	if err != nil {
		return nil
	}
	zones.Store(name, l)
	return l
}
