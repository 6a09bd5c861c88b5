package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"musette"
	"musette/feed"
	"musette/web/svg"
)

// Pictures for places without scripts: a README, a profile, a mail. Where something isn't public, the picture says so.

// Rows in a picture of the feed.
const (
	rowsShown = 5
	mostRows  = 20
)

// svgPolicy lets a picture carry its colours, and nothing else.
const svgPolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"

// pictureAsked is what a request for a picture asks for.
type pictureAsked struct {
	view  *feed.View
	query feed.Query
	units units
	look  svg.CardOptions
}

// feedPicture answers with the newest activities.
func (s *Server) feedPicture(w http.ResponseWriter, r *http.Request) error {
	return s.sendSVG(w, r, embedParams["feed"], func(p *pictureAsked) ([]byte, error) {
		switch {
		case p.query.Limit == 0:
			p.query.Limit = rowsShown
		case p.query.Limit > mostRows:
			return nil, &feed.ParamError{Param: "limit", Problem: fmt.Sprintf("a picture has at most %d", mostRows)}
		}
		list, err := p.view.Query(p.query)
		if err != nil {
			return nil, err
		}
		if len(list.Entries) == 0 {
			return p.nothing(), nil
		}
		var rows []svg.Row
		for _, e := range list.Entries {
			rows = append(rows, s.row(p, e.For(p.query.Reader)))
		}
		p.look.Title = activities(len(rows)) + ", the latest: " + rows[0].Name
		return svg.Rows(rows, p.look), nil
	})
}

// nothing says why there is nothing to draw.
func (p *pictureAsked) nothing() []byte {
	if !showsActivities(p.view, p.query.Reader) {
		return svg.Saying(totalsAlone, p.look)
	}
	return svg.Saying("Nothing here yet.", p.look)
}

// activityPicture answers with one activity.
func (s *Server) activityPicture(w http.ResponseWriter, r *http.Request, id string) error {
	return s.sendSVG(w, r, nil, func(p *pictureAsked) ([]byte, error) {
		a, err := shownTo(p.view, p.query.Reader, id)
		if err != nil {
			return nil, err
		}
		row := s.row(p, a)
		p.look.Title = dotted(row.Name, row.Above)
		return svg.Rows([]svg.Row{row}, p.look), nil
	})
}

// row is an activity in a picture.
func (s *Server) row(p *pictureAsked, a *musette.Activity) svg.Row {
	called := names(p.view, p.query.Reader)
	x := newSubject(a, who(called[a.AthleteID], len(called) > 1), false, s.config.Now())
	row := svg.Row{Above: dotted(x.Who, x.Sport, dayIn(a)), Name: x.Name, Family: x.Family}
	for _, n := range numbers(a, p.units) {
		row.Figures = append(row.Figures, svg.Figure{Label: n.Label, Value: inWords(n.Figures)})
	}
	if a.Map != nil {
		row.Pieces = decoded(a.Map)
	}
	return row
}

// mapShown is how many routes a map has if nobody says.
const mapShown = 100

// mapPicture answers with routes on one ground: those of the place where most of them are.
func (s *Server) mapPicture(w http.ResponseWriter, r *http.Request) error {
	return s.sendSVG(w, r, embedParams["map"], func(p *pictureAsked) ([]byte, error) {
		if p.query.Limit == 0 {
			p.query.Limit = mapShown
		}
		p.query.Has = []string{"map"}
		list, err := p.view.Query(p.query)
		if err != nil {
			return nil, err
		}
		var groups []*group
		for _, e := range list.Entries {
			a := e.For(p.query.Reader)
			if lines := decoded(a.Map); len(lines) > 0 {
				groups = put(groups, a, lines)
			}
		}
		if len(groups) == 0 {
			return p.nothing(), nil
		}
		near := slices.MaxFunc(groups, func(a, b *group) int { return len(a.routes) - len(b.routes) })
		var threads []svg.Thread
		for i, a := range near.routes {
			threads = append(threads, svg.Thread{Pieces: a.lines, Class: "sport-" + musette.Family(a.SportType), Bold: i == 0})
		}
		latest := s.row(p, near.routes[0].Activity)
		caption := dotted(latest.Name, latest.Above)
		p.look.Title = plural(len(threads), "route") + ", the latest: " + caption
		return svg.Map(threads, caption, p.look), nil
	})
}

// totalsPicture answers with the totals and the goal.
func (s *Server) totalsPicture(w http.ResponseWriter, r *http.Request) error {
	return s.sendSVG(w, r, embedParams["totals"], func(p *pictureAsked) ([]byte, error) {
		if !showsActivities(p.view, p.query.Reader) && p.query.Filtered() {
			return nil, unauthorized(totalsAlone)
		}
		h := newTop(p.view.Totals(p.query), &musette.Status{}, nil, false, p.units, s.config.Now())
		sum := svg.Sum{Far: h.Far.Value, Of: h.Far.Unit, Below: dotted(h.Sums...), Share: -1, Family: h.Family}
		if h.GoalM > 0 {
			sum.Of, sum.Share = h.Goal, float64(h.Done)/float64(h.GoalM)
		}
		p.look.Title = dotted(strings.TrimSpace(sum.Far+" "+sum.Of), sum.Below)
		return svg.Sums(sum, p.look), nil
	})
}

// sendSVG answers with a picture of what everybody may see.
func (s *Server) sendSVG(w http.ResponseWriter, r *http.Request, narrowing []string, make func(*pictureAsked) ([]byte, error)) error {
	values, err := query(r)
	if err != nil {
		return err
	}
	if err := checkEmbed(values, narrowing, "units", "theme"); err != nil {
		return err
	}
	p := &pictureAsked{units: units(values.Get("units")), look: svg.CardOptions{Theme: values.Get("theme")}}
	w.Header().Set("Content-Security-Policy", svgPolicy)
	err = s.sendPublic("image/svg+xml", w, r, func(view *feed.View, reader feed.Reader) (*feed.Response, error) {
		p.view = view
		if p.query, err = feed.ParseQuery(without(values, "units", "theme"), narrowing...); err != nil {
			return nil, err
		}
		p.query.Reader = reader
		b, err := make(p)
		if err != nil {
			return nil, err
		}
		return feed.NewResponse(b, "picture"), nil
	})
	var trouble *problem
	if errors.As(err, &trouble) {
		sayInPicture(w, trouble, p.look)
		return nil
	}
	return err
}

// sayInPicture answers with a problem as a picture, which browsers show whatever the status.
func sayInPicture(w http.ResponseWriter, p *problem, look svg.CardOptions) {
	words := map[int]string{
		http.StatusUnauthorized: "Nothing is public here at the moment.",
		http.StatusNotFound:     "This activity isn’t shown.",
	}[p.Status]
	if words == "" {
		words = "This can’t be shown at the moment."
	}
	p.header(w.Header())
	w.Header().Set("Content-Type", "image/svg+xml")
	w.WriteHeader(p.Status)
	_, _ = w.Write(svg.Saying(words, look))
}

// without is values less some.
func without(values url.Values, names ...string) url.Values {
	rest := url.Values{}
	for name, v := range values {
		if !slices.Contains(names, name) {
			rest[name] = v
		}
	}
	return rest
}
