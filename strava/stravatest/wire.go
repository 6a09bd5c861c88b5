package stravatest

import (
	"math"
	"strconv"
	"sync"
	"time"
	_ "time/tzdata" // zones on machines that have none
)

// decimal is a number that always shows a point: 0.0, 41.0, 7.061.
type decimal float64

// MarshalJSON implements json.Marshaler.
func (d decimal) MarshalJSON() ([]byte, error) {
	b := strconv.AppendFloat(nil, float64(d), 'f', -1, 64)
	if float64(d) == math.Trunc(float64(d)) {
		b = append(b, ".0"...)
	}
	return b, nil
}

// bareZero is a decimal that shows zero as 0, as some members of recorded
// answers do while others in the same record show 0.0.
type bareZero float64

// MarshalJSON implements json.Marshaler.
func (z bareZero) MarshalJSON() ([]byte, error) {
	if z == 0 {
		return []byte("0"), nil
	}
	return decimal(z).MarshalJSON()
}

// jsonNum is a number given by its digits, of any size: upload ids have been
// seen beyond 64 bits. Text that is no number is quoted.
type jsonNum string

// MarshalJSON implements json.Marshaler.
func (n jsonNum) MarshalJSON() ([]byte, error) {
	for _, r := range n {
		if r < '0' || r > '9' {
			return strconv.AppendQuote(nil, string(n)), nil
		}
	}
	return []byte(n), nil
}

// rounded returns v with that many decimals.
func rounded(v float64, decimals int) float64 {
	f := math.Pow10(decimals)
	return math.Round(v*f) / f
}

// optional returns the value rounded, or nil, which leaves the member out.
func optional(v *float64, decimals int) *decimal {
	if v == nil {
		return nil
	}
	d := decimal(rounded(*v, decimals))
	return &d
}

// nonzero is optional for values where 0 means that nothing was measured.
func nonzero(v float64, decimals int) *decimal {
	if v == 0 {
		return nil
	}
	return optional(&v, decimals)
}

// orNull returns nil, which shows as null, for the empty text.
func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// stamp is a time as Strava writes it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

func seconds(d time.Duration) int { return int(d / time.Second) }

// locations keeps the zones: loading one reads a file.
var locations sync.Map

func location(zone string) *time.Location {
	if l, ok := locations.Load(zone); ok {
		return l.(*time.Location)
	}
	l, err := time.LoadLocation(zone)
	if err != nil {
		l = time.UTC
	}
	locations.Store(zone, l)
	return l
}

// zoneName is a zone as Strava shows it, "(GMT+01:00) Europe/Zurich", with
// the standard offset even in summer; offset is the real one at t, in seconds.
func zoneName(zone string, t time.Time) (name string, offset int) {
	l := location(zone)
	_, offset = t.In(l).Zone()
	_, standard := time.Date(t.Year(), 1, 1, 0, 0, 0, 0, l).Zone()
	_, july := time.Date(t.Year(), 7, 1, 0, 0, 0, 0, l).Zone()
	standard = min(standard, july)
	sign := '+'
	if standard < 0 {
		sign, standard = '-', -standard
	}
	b := append([]byte("(GMT"), byte(sign))
	b = append(b, time.Unix(int64(standard), 0).UTC().Format("15:04")...)
	return string(b) + ") " + zone, offset
}

// latLng is a pair of degrees, or empty.
type latLng []decimal

func latLngOf(p [2]float64) latLng {
	return latLng{decimal(rounded(p[0], 6)), decimal(rounded(p[1], 6))}
}

// metres is a distance in whole metres, without a point.
func metres(m float64) int64 { return int64(math.Round(m)) }

// meta names something by its id alone.
type meta struct {
	ID            int64 `json:"id"`
	ResourceState int   `json:"resource_state"`
}

type metaActivity struct {
	ID            int64  `json:"id"`
	Visibility    string `json:"visibility"`
	ResourceState int    `json:"resource_state"`
}
