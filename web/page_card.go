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
	subject
	Numbers []number

	Layout string // route, photo, both, plain
	Route  template.HTML
	Photo  *photo
	Side   []photo // beside it, where there are one or two more
	Strip  []photo // below it, where there are more than that
	Text   string
	Rest   string // of the text, folded away

	Comments, MoreComments []musette.Comment
	Strava                 string
}

// subject says which activity something is about.
type subject struct {
	ID, StartUnix        string
	Family               string // the sport's, which gives the colour
	Who, Sport           string
	When, DateTime, Wall string // Wall is the start on the clock of its place, "2026-05-22T07:49:27"
	OnlyOwner            bool   // nobody else can see it on Strava
	Name                 string
}

// newSubject takes it from an activity; who is the athlete's name, "" where there is none to show.
func newSubject(a *musette.Activity, who string, owner bool, now time.Time) subject {
	zone, err := time.LoadLocation(a.Timezone)
	if err != nil {
		zone = time.UTC
	}
	x := subject{
		ID: strconv.FormatInt(a.ID, 10), StartUnix: strconv.FormatInt(a.Start.Unix(), 10),
		Family: musette.Family(a.SportType), Who: who, Sport: sport(a.SportType),
		When: when(a.StartLocal, now.In(zone)), DateTime: a.Start.UTC().Format(time.RFC3339), Wall: a.StartLocal,
		OnlyOwner: owner && a.Visibility == "only_me", Name: a.Name,
	}
	if strings.TrimSpace(x.Name) == "" {
		x.Name = x.Sport
	}
	return x
}

// number is one of a card's numbers.
type number struct {
	Label   string
	Figures []figure
}

// photo is one that is kept here, or a place where one will be.
type photo struct {
	Large, Src    string // addresses of ours: what a card links to, and what it shows; "" where there is no picture yet
	Alt           string
	Width, Height int // 0 where unknown
	Portrait      bool
}

// newCard lays an activity out; who is the athlete's name, "" where there is none to show.
func newCard(a *musette.Activity, who string, owner bool, u units, now time.Time, draw *drawings) card {
	c := card{subject: newSubject(a, who, owner, now), Numbers: numbers(a, u), Strava: safeURL(a.Links.Strava)}
	if a.Description != nil {
		c.Text, c.Rest = fold(*a.Description, textRunes, textLines)
	}
	c.Comments = a.Comments
	if len(a.Comments) > commentsShown+1 { // "1 more" takes the room that the one would
		c.Comments, c.MoreComments = a.Comments[:commentsShown], a.Comments[commentsShown:]
	}
	pictures := picturesOf(a, c.Name, smallPX)
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
		c.Route = draw.route(a.Map, frame, svg.RouteOptions{Class: "sport-" + c.Family, Title: "The route of " + c.Name})
		if c.Route == "" && c.Photo == nil {
			c.Layout = "plain"
		} else if c.Route == "" {
			c.Layout = "photo"
		}
	}
	return c
}

// numbers are an activity's distance, its time, and the third that tells most about its kind of sport.
func numbers(a *musette.Activity, u units) []number {
	n, seconds := distanceAndTime(a, u)
	if third, ok := third(a, u, float64(seconds)); ok {
		n = append(n, third)
	}
	return n
}

// distanceAndTime are the two numbers that every kind of sport has, and the time in seconds.
func distanceAndTime(a *musette.Activity, u units) (n []number, seconds int) {
	if a.DistanceM >= 1 {
		d := u.distance(a.DistanceM)
		if a.SportType == "Swim" {
			d = u.swim(a.DistanceM)
		}
		n = append(n, number{"Distance", []figure{d}})
	}
	if seconds = a.MovingS; seconds <= 0 {
		seconds = a.ElapsedS
	}
	if seconds > 0 {
		n = append(n, number{"Time", duration(seconds)})
	}
	return n, seconds
}

// hilly is from how many metres of climb a kilometre on the climb tells more than pace or speed.
const hilly = 15

func third(a *musette.Activity, u units, seconds float64) (number, bool) {
	climb := number{"Climb", []figure{u.height(float64(a.ClimbM))}}
	if musette.Family(a.SportType) != "water" && float64(a.ClimbM)*1000 >= hilly*a.DistanceM && a.ClimbM > 0 {
		return climb, true
	}
	if !paced(a, seconds) {
		return climb, a.ClimbM > 0
	}
	return u.speed(a.SportType, seconds/a.DistanceM), seconds/a.DistanceM < slowest
}

// paced reports whether it went far and long enough for a pace.
func paced(a *musette.Activity, seconds float64) bool { return a.DistanceM >= 100 && seconds >= 10 }

// picturesOf are the photos, but for the first in a size. A page asks nobody but us for them: one that isn't kept yet is an
// empty place.
func picturesOf(a *musette.Activity, name string, size int) []photo {
	var out []photo
	for i, p := range a.Photos {
		pic := photo{Alt: strings.TrimSpace(p.Caption), Width: p.Width, Height: p.Height, Portrait: p.Height > p.Width}
		if pic.Alt == "" {
			pic.Alt = "Photo from " + name
		}
		if k := p.Kept; k != nil {
			pic.Large, pic.Src = pictureAt(k, largePX), pictureAt(k, size)
			if i == 0 {
				pic.Src = pictureAt(k, cardPX)
			}
		}
		if p.Width <= 0 || p.Height <= 0 {
			pic.Width, pic.Height, pic.Portrait = 0, 0, false
		}
		out = append(out, pic)
	}
	return out
}

// The sizes of a page's pictures: opened by themselves, the first of a card, and those beside and below it.
const largePX, cardPX, smallPX = 1600, 960, 480

func pictureAt(k *musette.Kept, size int) string { return "/p/" + k.Key + "/" + strconv.Itoa(size) }

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

// routeSizes are the sizes that routes are drawn at: alone, beside a photo, above more photos, and on a page of its own.
var routeSizes = map[string][2]int{"route": {600, 360}, "both": {300, 400}, "square": {300, 280}, "hero": {800, 500}}

const heroPoints = 800

// drawRoute decodes and draws a route; "" if there is nothing to draw.
func drawRoute(m *musette.Map, frame string, o svg.RouteOptions) template.HTML {
	size := routeSizes[frame]
	o.Width, o.Height, o.NoEnds = size[0], size[1], m.Pieces != nil
	if frame == "hero" {
		o.Points = heroPoints
	}
	// svg writes every text and class escaped.
	return template.HTML(svg.Routes(decoded(m), o)) //nolint:gosec
}

// decoded are the lines of a map as points; what can't be read is left out.
func decoded(m *musette.Map) (lines [][]track.Point) {
	for _, line := range m.Lines() {
		if points, err := track.Decode(line); err == nil && len(points) > 0 {
			lines = append(lines, points)
		}
	}
	return lines
}
