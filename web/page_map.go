package web

import (
	"fmt"
	"hash/maphash"
	"html/template"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"musette"
	"musette/feed"
	"musette/track"
	"musette/web/svg"
)

// mapPage is all routes, by place.
type mapPage struct {
	shell
	Title  string
	Find   *find
	Places []place
	Left   int // routes that aren't drawn, because there are too many
	Drawn  int
}

// A place is where routes are near each other.
type place struct {
	Drawing template.HTML
	Heading string // "112 routes"
	Far     string
	When    string // "May 2025 to October 2026"
	Large   bool
	Latest  listEntry
	Others  []listEntry
}

// listEntry leads to an activity.
type listEntry struct{ Href, Name, When, DateTime, Wall, Far string }

const (
	mostRoutes  = 1500   // are drawn, the latest
	mostPoints  = 12_000 // all routes together have
	routePoints = 120    // one has at most
	placeM      = 40_000 // how far from the middle of a place its routes are
	keptMaps    = 30
	placeWidth  = 800 // of a drawing
	placeHeight = 640
)

// pageMap answers with a map of all routes, or of those that are asked for as in the feed.
func (s *Server) pageMap(w http.ResponseWriter, r *http.Request) error {
	return s.sendPage(w, r, "map", func(in *pageInput, view *feed.View, reader feed.Reader) ([]byte, error) {
		if in.TotalsOnly {
			return nil, notFound("Only the totals are shown here.")
		}
		asked, err := askedOf(r, view, reader)
		if err != nil {
			return nil, err
		}
		asked.query.Cursor = ""
		p := &mapPage{shell: in.shell, Title: "All routes", Find: asked.form(in, "/map")}
		if asked.trouble != "" {
			in.status = http.StatusBadRequest
			return sitePages().write("map", p)
		}
		p.Find.tell(view, &asked, in.Units, way{Href: asked.address("/", ""), Text: "As a list"})
		list := routesOf(view, asked.query)
		drawn := sitePages().maps.get(mapKey(list, in.Units), func() *mapPage { return drawMap(list, in.Units) })
		p.Places, p.Left, p.Drawn = drawn.Places, drawn.Left, drawn.Drawn
		return sitePages().write("map", p)
	})
}

// routesOf are the activities with a route that are asked for.
func routesOf(view *feed.View, q feed.Query) (list []*musette.Activity) {
	for a := range view.Each(q) {
		if a.Map != nil && a.Map.Polyline != "" {
			list = append(list, a)
		}
	}
	return list
}

var mapSeed = maphash.MakeSeed()

// mapKey is the same for maps that show the same, and follows from nothing but what they show: what strangers see changes
// with the time, with zones and with hides.
func mapKey(list []*musette.Activity, u units) uint64 {
	var h maphash.Hash
	h.SetSeed(mapSeed)
	write := func(texts ...string) {
		for _, text := range texts {
			_, _ = h.WriteString(text)
			_ = h.WriteByte(0)
		}
	}
	write(string(u))
	for _, a := range list {
		write(strconv.FormatInt(a.ID, 10), a.Name, a.SportType, a.StartLocal, strconv.FormatFloat(a.DistanceM, 'f', -1, 64), fmt.Sprint(a.Map.Bounds))
		write(a.Map.Lines()...)
	}
	return h.Sum64()
}

// drawMap draws the routes of activities, newest first.
func drawMap(list []*musette.Activity, u units) *mapPage {
	p := &mapPage{Left: max(0, len(list)-mostRoutes)}
	var groups []*group
	for _, a := range list[:len(list)-p.Left] {
		if lines := decoded(a.Map); len(lines) > 0 {
			p.Drawn++
			groups = put(groups, a, lines)
		}
	}
	slices.SortStableFunc(groups, func(a, b *group) int { return len(b.routes) - len(a.routes) })
	points := min(routePoints, max(8, mostPoints/max(1, p.Drawn)))
	for i, g := range groups {
		p.Places = append(p.Places, g.draw(u, points, i == 0))
	}
	return p
}

// group gathers the routes of a place.
type group struct {
	middle track.Point
	routes []routed
}

type routed struct {
	*musette.Activity
	lines [][]track.Point
}

// put adds a route to the place that it belongs to, or to one of its own.
func put(groups []*group, a *musette.Activity, lines [][]track.Point) []*group {
	b := a.Map.Bounds
	middle := track.Point{Lat: (b.South + b.North) / 2, Lng: (b.West + b.East) / 2}
	for _, g := range groups {
		if track.Distance(g.middle, middle) < placeM {
			g.routes = append(g.routes, routed{a, lines})
			return groups
		}
	}
	return append(groups, &group{middle, []routed{{a, lines}}})
}

func (g *group) draw(u units, points int, first bool) place {
	p := place{Heading: plural(len(g.routes), "route"), Large: first}
	far := 0.0
	threads := make([]svg.Thread, 0, len(g.routes))
	for i, r := range g.routes {
		far += r.DistanceM
		l := entryOf(r.Activity, u)
		if i == 0 {
			p.Latest = l
		} else {
			p.Others = append(p.Others, l)
		}
		threads = append(threads, svg.Thread{
			Pieces: r.lines, Href: l.Href, Title: l.Name + ", " + l.When, Class: "sport-" + musette.Family(r.SportType), Bold: i == 0,
		})
	}
	p.Far = inWords([]figure{u.whole(far)})
	p.When = months(g.routes[len(g.routes)-1].StartLocal, g.routes[0].StartLocal)
	size := svg.ManyOptions{Width: placeWidth, Height: placeHeight, Points: points}
	p.Drawing = template.HTML(svg.Many(threads, size)) //nolint:gosec // svg writes every text escaped
	return p
}

func entryOf(a *musette.Activity, u units) listEntry {
	x := newSubject(a, "", false, time.Time{})
	return listEntry{"/a/" + x.ID, x.Name, dayOnly(a.StartLocal), x.DateTime, x.Wall, inWords([]figure{u.distance(math.Max(0, a.DistanceM))})}
}

// dayOnly says the day of a local start: "21 May 2026".
func dayOnly(startLocal string) string {
	t, err := time.Parse(localWall, startLocal)
	if err != nil {
		return ""
	}
	return t.Format("2 January 2006")
}

// months says from which month to which two local starts reach.
func months(first, last string) string {
	from, err := time.Parse(localWall, first)
	to, err2 := time.Parse(localWall, last)
	switch {
	case err != nil || err2 != nil:
		return ""
	case from.Year() == to.Year() && from.Month() == to.Month():
		return to.Format("January 2006")
	case from.Year() == to.Year():
		return from.Format("January") + " to " + to.Format("January 2006")
	}
	return from.Format("January 2006") + " to " + to.Format("January 2006")
}
