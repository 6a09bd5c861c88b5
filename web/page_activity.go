package web

import (
	"context"
	"html/template"
	"net/http"
	"strconv"
	"strings"

	"musette"
	"musette/feed"
	"musette/web/svg"
)

// activityPage is one activity, with everything that is known of it.
type activityPage struct {
	shell
	subject
	Title    string
	Numbers  []number
	Photos   []photo
	Route    template.HTML
	Hidden   bool   // something of the route isn't shown
	Lines    string // the route's polylines with spaces between, for a map with tiles under it
	Text     string
	Profiles []profile
	Splits   *splits
	Laps     []lapRow
	Comments []musette.Comment
	Strava   string
	File     string // where its GPX is
	Newer    *beside
	Older    *beside
}

// beside is the activity before or after.
type beside struct{ Href, Name string }

// pageActivity answers with one activity. What is hidden is as absent as what never was.
func (s *Server) pageActivity(w http.ResponseWriter, r *http.Request) error {
	return s.sendPage(w, r, "activity", func(in *pageInput, view *feed.View, reader feed.Reader) ([]byte, error) {
		id, ok := feed.ParseID(r.PathValue("id"))
		e, found := view.Activity(id, reader)
		if !ok || !found {
			return nil, notFound("There is no such activity here, or it isn't yours to see.")
		}
		a := e.For(reader)
		p := newActivityPage(in, a)
		if reader.Owner {
			s.addParts(r.Context(), p, a)
		}
		p.Newer, p.Older = besides(view, reader, a)
		if p.Public {
			p.Share = s.activitySharing(r, p.subject, p.Numbers)
		}
		return sitePages().write("activity", p)
	})
}

func newActivityPage(in *pageInput, a *musette.Activity) *activityPage {
	p := &activityPage{
		shell: in.shell, subject: newSubject(a, who(in.Names[a.AthleteID], len(in.Names) > 1), in.Owner, in.Now),
		Numbers: allNumbers(a, in.Units), Comments: a.Comments, Strava: safeURL(a.Links.Strava),
	}
	p.Title = p.Name
	p.Photos = picturesOf(a, p.Name, cardPX)
	if a.Description != nil {
		p.Text = *a.Description
	}
	if a.Map != nil {
		p.Route = sitePages().drawings.route(a.Map, "hero", svg.RouteOptions{Class: "sport-" + p.Family, Title: "The route of " + p.Name})
	}
	if p.Route != "" {
		p.Hidden = a.Map.Pieces != nil
		p.Lines = strings.Join(a.Map.Lines(), " ")
		p.File = "/v1/activities/" + p.ID + ".gpx"
	}
	p.Laps = lapRows(a, in.Units)
	return p
}

// allNumbers are an activity's numbers where there is room for all.
func allNumbers(a *musette.Activity, u units) []number {
	n, seconds := distanceAndTime(a, u)
	if a.ElapsedS > seconds+60 {
		n = append(n, number{"With breaks", duration(a.ElapsedS)})
	}
	if paced(a, float64(seconds)) && float64(seconds)/a.DistanceM < slowest {
		n = append(n, u.speed(a.SportType, float64(seconds)/a.DistanceM))
	}
	if a.ClimbM > 0 {
		n = append(n, number{"Climb", []figure{u.height(float64(a.ClimbM))}})
	}
	if a.Kudos > 0 {
		n = append(n, number{"Kudos", []figure{{thousands(a.Kudos), ""}}})
	}
	return n
}

// besides are the activities that the reader sees before and after one.
func besides(view *feed.View, reader feed.Reader, a *musette.Activity) (newer, older *beside) {
	var before *musette.Activity
	past := false
	for other := range view.Each(feed.Query{Reader: reader}) {
		if past {
			return newBeside(before), newBeside(other)
		}
		if past = other.ID == a.ID; !past {
			before = other
		}
	}
	return newBeside(before), nil
}

func newBeside(a *musette.Activity) *beside {
	if a == nil {
		return nil
	}
	return &beside{"/a/" + strconv.FormatInt(a.ID, 10), newSubject(a, "", false, a.Start.Time).Name}
}

// addParts adds what stands in the documents alone, where the store can be read.
func (s *Server) addParts(ctx context.Context, p *activityPage, a *musette.Activity) {
	docs := s.documentsOf(ctx, a)
	if d := part(docs, musette.PartDetail); d != nil {
		p.Splits = readSplits(d.Body, a, p.Units)
	}
	if p.Splits != nil && len(p.Laps) > 0 && even(a.Laps) {
		p.Laps = nil // the watch made them, and they say the same again
	}
	if d := part(docs, musette.PartStreams); d != nil && s.config.Streams {
		p.Profiles = readProfiles(d.Body, a, p.Units)
	}
	if p.Profiles == nil {
		p.Profiles = p.Splits.profile(a, p.Units)
	}
}
