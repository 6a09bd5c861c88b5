package web

import (
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"musette"
	"musette/feed"
)

// units are those that a reader is told distances, heights and speeds in.
type units string

const (
	metric   units = "metric"
	imperial units = "imperial"
)

const (
	metresInMile = 1609.344
	metresInYard = 0.9144
	metresInFoot = 0.3048
)

// unitsCookie holds what the visitor chose.
const unitsCookie = "musette_units"

// unitsOf are those that a visitor chose, else those of the country that the browser names first.
func unitsOf(r *http.Request) units {
	if c, err := r.Cookie(unitsCookie); err == nil && (c.Value == string(metric) || c.Value == string(imperial)) {
		return units(c.Value)
	}
	first, _, _ := strings.Cut(r.Header.Get("Accept-Language"), ",")
	first, _, _ = strings.Cut(first, ";")
	if first = strings.ToLower(strings.TrimSpace(first)); strings.HasSuffix(first, "-us") {
		return imperial
	}
	return metric
}

// postUnits keeps the visitor's choice, and leads back to where it was made.
func (s *Server) postUnits(w http.ResponseWriter, r *http.Request) error {
	if _, err := params(r); err != nil {
		return err
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		return &problem{Status: http.StatusBadRequest, Detail: "The form could not be read: it has the fields units and back."}
	}
	chosen := r.PostForm.Get("units")
	if !slices.Contains([]string{string(metric), string(imperial)}, chosen) {
		return badParam(&feed.ParamError{Param: "units", Problem: "it is metric or imperial"})
	}
	http.SetCookie(w, &http.Cookie{
		Name: unitsCookie, Value: chosen, Path: "/", MaxAge: 365 * 24 * 60 * 60, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: s.secure(r),
	})
	back := r.PostForm.Get("back")
	if !strings.HasPrefix(back, "/") || safeURL(back) == "" {
		back = "/"
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, back, http.StatusSeeOther)
	return nil
}

// Other are the units that can be changed to, and Words what they are called.
func (u units) Other() units {
	if u == imperial {
		return metric
	}
	return imperial
}

func (u units) Words() string {
	if u == imperial {
		return "miles and feet"
	}
	return "kilometres and metres"
}

// long is the unit of distances along a route: how many metres, and its name.
func (u units) long() (metres float64, name string) {
	if u == imperial {
		return metresInMile, "mi"
	}
	return 1000, "km"
}

// distance says a distance as people do: 800 m, 5.2 km, 104 mi.
func (u units) distance(m float64) figure {
	if u != imperial {
		return distance(m)
	}
	switch miles := m / metresInMile; {
	case miles < 0.095:
		return figure{thousands(int(math.Round(m / metresInFoot))), "ft"}
	case miles < 99.95:
		return figure{strconv.FormatFloat(miles, 'f', 1, 64), "mi"}
	default:
		return figure{thousands(int(math.Round(miles))), "mi"}
	}
}

// whole is a distance in whole kilometres or miles; short ones are as distance says them.
func (u units) whole(m float64) figure {
	metres, name := u.long()
	if m <= 0 {
		return figure{"0", name}
	}
	if m < 10*metres {
		return u.distance(m)
	}
	return figure{thousands(int(m / metres)), name}
}

// height says a height or a climb.
func (u units) height(m float64) figure {
	if u == imperial {
		return figure{thousands(int(math.Round(m / metresInFoot))), "ft"}
	}
	return figure{thousands(int(math.Round(m))), "m"}
}

// swim says a distance as swimmers do.
func (u units) swim(m float64) figure {
	if u == imperial {
		return figure{thousands(int(math.Round(m / metresInYard))), "yd"}
	}
	return figure{thousands(int(math.Round(m))), "m"}
}

// slowest is the time for a metre from which a pace says nothing: an hour for a kilometre.
const slowest = 3.6

// speed says how fast a sport went in the way of that sport: as a pace on foot and in the water, else as a speed.
func (u units) speed(sportType string, perMetre float64) number {
	metres, name := u.long()
	switch family := musette.Family(sportType); {
	case sportType == "Swim" && u == imperial:
		return number{"Pace", []figure{{clock(perMetre * 100 * metresInYard), "min/100 yd"}}}
	case sportType == "Swim":
		return number{"Pace", []figure{{clock(perMetre * 100), "min/100 m"}}}
	case family == "foot":
		return number{"Pace", []figure{{clock(perMetre * metres), "min/" + name}}}
	case u == imperial:
		name = "mph"
	default:
		name = "km/h"
	}
	return number{"Speed", []figure{{strconv.FormatFloat(3.6/perMetre*(1000/metres), 'f', 1, 64), name}}}
}
