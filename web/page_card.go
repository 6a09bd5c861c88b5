package web

import (
	"html/template"
	"net/url"
	"strconv"
	"strings"
	"time"

	"musette"
	"musette/track"
	"musette/web/svg"
)

const (
	commentsShown  = 2
	picturesBeside = 2
	textRunes      = 240 // of a description, before it is folded
	textLines      = 6
)

// card is an activity as its card shows it.
type card struct {
	ID, StartUnix  string
	Family         string // the sport's, which gives the colour
	Who, Sport     string
	When, DateTime string
	OnlyOwner      bool // nobody else can see it on Strava

	Name    string
	Numbers []number

	Layout string // route, photo, both, plain
	Route  template.HTML
	Photo  *picture
	Side   []picture // beside it, where there are one or two more
	Strip  []picture // below it, where there are more than that
	Text   string
	Rest   string // of the text, folded away

	Comments, MoreComments []musette.Comment
	Strava                 string
}

// number is one of a card's numbers.
type number struct {
	Label   string
	Figures []figure
}

// picture is a photo that is safe to show.
type picture struct {
	URL, Alt      string
	Width, Height int // 0 where unknown
	Portrait      bool
}

// newCard lays an activity out; who is the athlete's name, "" where there is none to show.
func newCard(a *musette.Activity, who string, owner bool, now time.Time, draw *drawings) card {
	zone, err := time.LoadLocation(a.Timezone)
	if err != nil {
		zone = time.UTC
	}
	c := card{
		ID: strconv.FormatInt(a.ID, 10), StartUnix: strconv.FormatInt(a.Start.Unix(), 10),
		Family: musette.Family(a.SportType), Who: who, Sport: sport(a.SportType),
		When: when(a.StartLocal, now.In(zone)), DateTime: a.Start.UTC().Format(time.RFC3339),
		OnlyOwner: owner && a.Visibility == "only_me",
		Name:      a.Name, Numbers: numbers(a), Strava: safeURL(a.Links.Strava),
	}
	if strings.TrimSpace(c.Name) == "" {
		c.Name = c.Sport
	}
	if a.Description != nil {
		c.Text, c.Rest = fold(*a.Description, textRunes, textLines)
	}
	c.Comments = a.Comments
	if len(a.Comments) > commentsShown+1 { // "1 more" takes the room that the one would
		c.Comments, c.MoreComments = a.Comments[:commentsShown], a.Comments[commentsShown:]
	}
	pictures := picturesOf(a, c.Name)
	if len(pictures) > 0 {
		c.Photo = &pictures[0]
		if c.Side = pictures[1:]; len(c.Side) > picturesBeside {
			c.Side, c.Strip = nil, c.Side
		}
	}
	c.Layout = "plain"
	hasRoute := a.Map != nil && a.Map.Polyline != ""
	switch {
	case hasRoute && c.Photo != nil:
		c.Layout = "both"
	case hasRoute:
		c.Layout = "route"
	case c.Photo != nil:
		c.Layout = "photo"
	}
	if hasRoute {
		frame := c.Layout
		if len(c.Side) > 0 {
			frame = "square"
		}
		c.Route = draw.route(a.Map.Polyline, frame, svg.RouteOptions{Class: "sport-" + c.Family, Title: "The route of " + c.Name})
		if c.Route == "" && c.Photo == nil {
			c.Layout = "plain"
		} else if c.Route == "" {
			c.Layout = "photo"
		}
	}
	return c
}

// numbers are an activity's distance, its time, and the third that tells most about its kind of sport.
func numbers(a *musette.Activity) []number {
	var n []number
	if a.DistanceM >= 1 {
		d := distance(a.DistanceM)
		if a.SportType == "Swim" {
			d = figure{thousands(int(a.DistanceM + 0.5)), "m"}
		}
		n = append(n, number{"Distance", []figure{d}})
	}
	seconds := a.MovingS
	if seconds <= 0 {
		seconds = a.ElapsedS
	}
	if seconds > 0 {
		n = append(n, number{"Time", duration(seconds)})
	}
	if third, ok := third(a, float64(seconds)); ok {
		n = append(n, third)
	}
	return n
}

// hilly is from how many metres of climb a kilometre on the climb tells more than pace or speed.
const hilly = 15

func third(a *musette.Activity, seconds float64) (number, bool) {
	climb := number{"Climb", []figure{{thousands(a.ClimbM), "m"}}}
	if musette.Family(a.SportType) != "water" && float64(a.ClimbM)*1000 >= hilly*a.DistanceM && a.ClimbM > 0 {
		return climb, true
	}
	if a.DistanceM < 100 || seconds < 10 {
		return climb, a.ClimbM > 0
	}
	var n number
	perMetre := seconds / a.DistanceM
	switch family := musette.Family(a.SportType); {
	case a.SportType == "Swim":
		n = number{"Pace", []figure{{clock(perMetre * 100), "min/100 m"}}}
	case family == "foot":
		n = number{"Pace", []figure{{clock(perMetre * 1000), "min/km"}}}
	default:
		n = number{"Speed", []figure{{strconv.FormatFloat(3.6/perMetre, 'f', 1, 64), "km/h"}}}
	}
	return n, perMetre < 3.6 // slower than an hour for a kilometre says nothing
}

// picturesOf are the photos with an address that a browser may open.
func picturesOf(a *musette.Activity, name string) []picture {
	var out []picture
	for _, p := range a.Photos {
		u := safeURL(p.URL)
		if u == "" {
			continue
		}
		pic := picture{URL: u, Alt: strings.TrimSpace(p.Caption), Width: p.Width, Height: p.Height, Portrait: p.Height > p.Width}
		if pic.Alt == "" {
			pic.Alt = "Photo from " + name
		}
		if p.Width <= 0 || p.Height <= 0 {
			pic.Width, pic.Height, pic.Portrait = 0, 0, false
		}
		out = append(out, pic)
	}
	return out
}

// safeURL returns u if it leads to a page or picture by http, or to a path of our own; else "".
func safeURL(u string) string {
	p, err := url.Parse(u)
	switch {
	case err != nil:
		return ""
	case (p.Scheme == "https" || p.Scheme == "http") && p.Host != "":
		return u
	case p.Scheme == "" && p.Host == "" && strings.HasPrefix(u, "/") && !strings.HasPrefix(u, "//") && !strings.Contains(u, `\`):
		return u
	}
	return ""
}

// routeSizes are the sizes that routes are drawn at: alone, beside a photo, and above more photos.
var routeSizes = map[string][2]int{"route": {600, 360}, "both": {300, 400}, "square": {300, 280}}

// drawRoute decodes and draws a route; "" if there is nothing to draw.
func drawRoute(polyline, frame string, o svg.RouteOptions) template.HTML {
	points, err := track.Decode(polyline)
	if err != nil {
		return ""
	}
	size := routeSizes[frame]
	o.Width, o.Height = size[0], size[1]
	// svg writes every text and class escaped.
	return template.HTML(svg.Route(points, o)) //nolint:gosec
}
