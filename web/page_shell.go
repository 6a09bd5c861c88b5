package web

import (
	"net/http"

	"musette/feed"
)

// shell is what stands around every page: the ways to the others, and what a visitor can choose.
type shell struct {
	Ways     []way
	SignedIn bool // and can sign out
	Public   bool // shown to a stranger, who can sign in
	Units    units
	Here     string // the address of this page, to come back to
	MapTiles *mapTiles
	Share    *sharing // nil where it isn't public
}

// A way leads to a page.
type way struct {
	Href, Text string
	Current    bool
}

// newShell is the shell of the page that a request asks for.
func (s *Server) newShell(r *http.Request, view *feed.View, reader feed.Reader) shell {
	v, _ := s.visitor(r) // it was looked up before
	sh := shell{SignedIn: v.Session, Public: !reader.Owner, Units: unitsOf(r), Here: r.URL.RequestURI(), MapTiles: s.mapTiles()}
	sh.Ways = []way{{Href: "/", Text: "Activities"}}
	if showsActivities(view, reader) {
		sh.Ways = append(sh.Ways, way{Href: "/map", Text: "Map"})
	}
	sh.Ways = append(sh.Ways, way{Href: "/totals", Text: "Totals"})
	if reader.Owner {
		sh.Ways = append(sh.Ways, way{Href: statusPath, Text: "Status"})
	}
	for i := range sh.Ways {
		sh.Ways[i].Current = sh.Ways[i].Href == r.URL.Path
	}
	return sh
}

// showsActivities reports whether the reader sees activities, rather than only their totals.
func showsActivities(view *feed.View, reader feed.Reader) bool {
	return reader.Owner || view.Publish.Mode == feed.PublishFull
}
