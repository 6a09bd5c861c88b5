package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"musette/feed"
	"musette/store"
	"musette/track"
)

// The radius of a privacy zone, in metres: less hides nothing, more is rather a reason not to publish.
const (
	LeastZoneM, MostZoneM = 50, 10_000
)

const (
	mostZones    = 50  // of one athlete: each is looked at for every point of every route
	mostZoneName = 100 // bytes
)

// change reads a form about oneself, from somebody who may change something.
func (s *Server) change(w http.ResponseWriter, r *http.Request, fields ...string) (url.Values, myself, error) {
	form, err := s.form(w, r, append(fields, meParam, "cursor")...)
	if err != nil {
		return nil, myself{}, err
	}
	m, err := s.myself(r, form)
	if err == nil && !m.may(ScopeAdmin) {
		err = forbidden(ScopeAdmin)
	}
	return form, m, err
}

// changed leads back to the page, which shows the change at once.
func (s *Server) changed(w http.ResponseWriter, r *http.Request, m myself, form url.Values, anchor string) {
	_ = s.config.Feed.Look(r.Context()) // it has logged; the feed looks again by itself
	back := url.Values{}
	if c := form.Get("cursor"); c != "" {
		back.Set("cursor", c)
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, m.at(mePath, back)+"#"+anchor, http.StatusSeeOther)
}

// postMyHide hides something of an activity from strangers, or shows it again.
func (s *Server) postMyHide(w http.ResponseWriter, r *http.Request) error {
	form, m, err := s.change(w, r, "activity", "hide", "show")
	if err != nil {
		return err
	}
	hide, show := form.Get("hide"), form.Get("show")
	what := hide + show
	if (hide == "") == (show == "") || !slices.Contains(hideWhats, what) {
		return badParam(&feed.ParamError{Param: "hide", Problem: "it, or show, is one of " + strings.Join(hideWhats, ", ")})
	}
	id, _ := feed.ParseID(form.Get("activity"))
	h := store.Hide{AthleteID: m.id, ActivityID: id, What: what, CreatedAt: s.config.Now()}
	err = s.write(r, func(tx *store.Tx) error {
		if hide != "" {
			return tx.PutHide(r.Context(), h)
		}
		_, err := tx.DropHide(r.Context(), h)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return notFound("There is no such activity here, or it isn't yours to hide.")
	}
	if err != nil {
		return err
	}
	s.changed(w, r, m, form, "a"+strconv.FormatInt(id, 10))
	return nil
}

// postMyZone hides an area: around a point, or around an end of an activity's route.
func (s *Server) postMyZone(w http.ResponseWriter, r *http.Request) error {
	form, m, err := s.change(w, r, "name", "place", "radius", "activity", "end")
	if err != nil {
		return err
	}
	z, wrong := s.zoneOf(form, m)
	if wrong == "" {
		wrong, err = s.addZone(r, z)
	}
	switch {
	case err != nil:
		return err
	case wrong != "":
		return s.showMe(w, r, http.StatusBadRequest, m, "", wrong, map[string]string{
			"name": form.Get("name"), "place": form.Get("place"), "radius": form.Get("radius"),
		})
	}
	s.changed(w, r, m, form, "zones")
	return nil
}

// zoneOf is the zone that a form asks for, or what is wrong with it.
func (s *Server) zoneOf(form url.Values, m myself) (z store.Zone, wrong string) {
	z = store.Zone{ID: newID(), AthleteID: m.id, Name: form.Get("name"), CreatedAt: s.config.Now(), RadiusM: 400}
	var middle track.Point
	if form.Has("activity") {
		point, name, ok := s.endOf(form, m)
		if !ok {
			return z, "That activity has no route here."
		}
		middle = point
		if z.Name == "" {
			z.Name = name
		}
	} else {
		var ok bool
		if middle, ok = parsePlace(form.Get("place")); !ok {
			return z, "Write the place as latitude and longitude, such as 51.4779, -0.0015. Maps show them at a long press."
		}
	}
	if form.Has("radius") {
		radius, err := strconv.ParseFloat(form.Get("radius"), 64)
		if err != nil || !(radius >= LeastZoneM && radius <= MostZoneM) {
			return z, "How far it reaches is a number of metres from 50 to 10,000."
		}
		z.RadiusM = radius
	}
	if z.Name == "" || len(z.Name) > mostZoneName {
		return z, "Name it after the place, in a few words."
	}
	z.Lat, z.Lng = middle.Lat, middle.Lng
	return z, ""
}

// endOf is an end of the whole route of an activity, and a name for what is there.
func (s *Server) endOf(form url.Values, m myself) (at track.Point, name string, ok bool) {
	id, _ := feed.ParseID(form.Get("activity"))
	entry, ok := s.config.Feed.View().Activity(id, m.owner())
	if !ok || entry.For(m.owner()).Map == nil {
		return at, "", false
	}
	a := entry.For(m.owner())
	points, err := track.Decode(a.Map.Polyline)
	if err != nil || len(points) == 0 {
		return at, "", false
	}
	at, name = points[0], "Start of "+a.Name
	if form.Get("end") == "finish" {
		at, name = points[len(points)-1], "Finish of "+a.Name
	}
	if len(name) > mostZoneName {
		name = strings.ToValidUTF8(name[:mostZoneName], "")
	}
	return at, name, true
}

// parsePlace reads latitude and longitude, as maps give them.
func parsePlace(text string) (track.Point, bool) {
	fields := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == ';' })
	if len(fields) != 2 {
		return track.Point{}, false
	}
	lat, err1 := strconv.ParseFloat(fields[0], 64)
	lng, err2 := strconv.ParseFloat(fields[1], 64)
	p := track.Point{Lat: lat, Lng: lng}
	return p, err1 == nil && err2 == nil && p.Valid()
}

// addZone keeps a zone, unless there are too many.
func (s *Server) addZone(r *http.Request, z store.Zone) (wrong string, err error) {
	err = s.write(r, func(tx *store.Tx) error {
		wrong = ""
		zones, err := tx.Zones(r.Context())
		if err != nil {
			return err
		}
		n := 0
		for _, have := range zones {
			if have.AthleteID == z.AthleteID {
				n++
			}
		}
		if n >= mostZones {
			wrong = "There are 50 zones already. Remove one that isn’t needed any more."
			return nil
		}
		return tx.PutZone(r.Context(), z)
	})
	return wrong, err
}

// postMyZoneRemoval shows an area again, if it was the athlete's own to hide.
func (s *Server) postMyZoneRemoval(w http.ResponseWriter, r *http.Request) error {
	form, m, err := s.change(w, r, "zone")
	if err != nil {
		return err
	}
	err = s.write(r, func(tx *store.Tx) error { return dropZone(r.Context(), tx, form.Get("zone"), m.id) })
	if errors.Is(err, store.ErrNotFound) {
		return notFound("There is no such zone of yours.")
	}
	if err != nil {
		return err
	}
	s.changed(w, r, m, form, "zones")
	return nil
}

func dropZone(ctx context.Context, tx *store.Tx, id string, athleteID int64) error {
	zones, err := tx.Zones(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(zones, func(z store.Zone) bool { return z.ID == id && z.AthleteID == athleteID })
	if i < 0 {
		return store.ErrNotFound
	}
	_, err = tx.DropZone(ctx, zones[i])
	return err
}
