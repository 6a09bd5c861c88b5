package web

import (
	"context"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"musette"
	"musette/feed"
	"musette/store"
	"musette/track"
	"musette/web/svg"
)

const (
	mePath    = "/me"
	meRows    = 20 // activities on a page
	meParam   = "athlete"
	mePreview = 112 // height of a drawn route, in pixels
)

func (s *Server) meRoutes() map[string]methods {
	return map[string]methods{
		mePath:                   {"GET": s.getMe},
		mePath + "/hide":         {"POST": s.postMyHide},
		mePath + "/zones":        {"POST": s.postMyZone},
		mePath + "/zones/remove": {"POST": s.postMyZoneRemoval},
		mePath + "/export":       {"GET": s.getMyExport},
		mePath + "/leave":        {"POST": s.postLeave},
	}
}

// myself is whom a page about oneself is about, and who reads it.
type myself struct {
	visitor
	id    int64  // the athlete
	asked string // the athlete in the address, where an operator named one
}

// owner is how the feed sees it.
func (m myself) owner() feed.Reader { return feed.Reader{Owner: true, AthleteID: m.id} }

// at is a page's address, for the same athlete.
func (m myself) at(path string, more url.Values) string {
	if m.asked != "" {
		if more == nil {
			more = url.Values{}
		}
		more.Set(meParam, m.asked)
	}
	if len(more) == 0 {
		return path
	}
	return path + "?" + more.Encode()
}

// errWhich is the error of an operator who has to say whom they mean.
var errWhich = &problem{Status: http.StatusBadRequest, Detail: "There are several athletes here: open /me and choose one."}

// myself says whom the visitor means: an athlete themselves, an operator whom they name, or the only one there is.
func (s *Server) myself(r *http.Request, values url.Values) (m myself, err error) {
	v, err := s.visitor(r)
	m = myself{visitor: v, id: v.Athlete, asked: values.Get(meParam)}
	switch {
	case err != nil:
		return m, err
	case !v.Known:
		return m, unauthorized("This page is about whoever is signed in.")
	case !v.may(ScopeRead):
		return m, forbidden(ScopeRead)
	}
	if m.asked != "" {
		id, ok := feed.ParseID(m.asked)
		if !ok || v.Athlete != 0 && v.Athlete != id {
			return m, notFound("There is no such athlete here, or it isn't you.")
		}
		m.id = id
	}
	if m.id != 0 {
		if v.Athlete == 0 && !slices.ContainsFunc(s.config.Feed.View().Status.Athletes, func(a musette.Athlete) bool { return a.ID == m.id }) {
			return m, notFound("There is no such athlete here.")
		}
		return m, nil
	}
	if all := s.config.Feed.View().Status.Athletes; len(all) == 1 {
		m.id = all[0].ID
		return m, nil
	}
	return m, errWhich
}

// A mePage shows an athlete what is shown of them, and lets them choose.
type mePage struct {
	shell
	Title   string
	Athlete string // hidden in each form: "" but for operators
	Cursor  string
	State   []sentence
	Sums    []string
	Others  string // what strangers see, in words
	Full    bool   // single activities are published
	Rows    []meRow
	Next    string // addresses; "" is none
	Newest  string
	Zones   []meZone
	Export  string
	Choose  bool // the visitor may change something
	Leave   bool
	Connect bool // connecting again is what helps
	Trouble string
	Typed   map[string]string // what stood in a form that wasn't right
}

// mine is an activity on its page, for a template that takes one thing.
type mine struct {
	One  meRow
	Page mePage
}

func newMine(one meRow, page mePage) mine { return mine{one, page} }

// A meRow is one activity, with what strangers see of it.
type meRow struct {
	ID, Name, Meta string
	Family         string // of the sport: colours the route
	Shown          bool
	Says           string
	Route          template.HTML // as strangers see it
	Hidden         bool          // as a whole
	Parts          []mePart
	Ends           bool // its ends can become zones
}

// A mePart is something of an activity that can be hidden.
type mePart struct {
	What, Says string
	Hidden     bool
}

type meZone struct {
	ID, Name, Where string
	Own             bool // rather than everybody's, which an operator made
}

func (s *Server) getMe(w http.ResponseWriter, r *http.Request) error {
	values, err := params(r, meParam, "cursor")
	if err != nil {
		return err
	}
	m, err := s.myself(r, values)
	if err == errWhich {
		return s.whoseMe(w)
	}
	if err != nil {
		return err
	}
	return s.showMe(w, r, http.StatusOK, m, values.Get("cursor"), "", nil)
}

// whoseMe lets an operator choose among athletes.
func (s *Server) whoseMe(w http.ResponseWriter) error {
	type one struct{ To, Name string }
	page := struct {
		Title    string
		Athletes []one
	}{Title: "Whose page?"}
	for _, a := range s.config.Feed.View().Status.Athletes {
		id := strconv.FormatInt(a.ID, 10)
		page.Athletes = append(page.Athletes, one{mePath + "?" + meParam + "=" + id, nameOr(a.Name, "Athlete "+id)})
	}
	b, err := sitePages().write("whose", page)
	s.say(w, http.StatusOK, b, err)
	return nil
}

// showMe writes the page; trouble is what was wrong with a form, and typed what stood in it.
func (s *Server) showMe(w http.ResponseWriter, r *http.Request, status int, m myself, cursor, trouble string, typed map[string]string) error {
	view, err := s.view()
	if err != nil {
		return err
	}
	hides, zones, err := s.choices(r.Context(), m.id)
	if err != nil {
		s.config.Log.Warn("what an athlete has hidden can't be read", "error", err, "request", requestID(r))
		return unavailable("What you have hidden can't be read just now. It stays hidden. Try again in a minute.")
	}
	list, err := view.Query(feed.Query{Reader: m.owner(), Limit: meRows, Cursor: cursor})
	if err != nil {
		return err
	}
	name := ""
	st := view.StatusFor(m.owner())
	page := mePage{
		Athlete: m.asked, Cursor: cursor, Others: strangersSee(view.Publish), Full: view.Publish.Mode == feed.PublishFull,
		Export: m.at(mePath+"/export", nil), Choose: m.may(ScopeAdmin), Leave: m.may(ScopeAdmin) && s.config.Leave != nil,
		shell: s.newShell(r, view, m.owner()), Trouble: trouble, Typed: typed,
	}
	for _, a := range st.Athletes {
		name, page.Connect = a.Name, a.State == musette.StateReconnect && s.config.Connect != nil && m.Athlete != 0
	}
	page.Title = "What is shown of me"
	if m.Athlete == 0 && name != "" {
		page.Title = "What is shown of " + firstName(name)
	}
	page.State = append(page.State, (speaker{s.config.Now().UTC(), true}).say(&st)...)
	all := view.Totals(feed.Query{Reader: m.owner()}).Count
	shown := view.Totals(feed.Query{Reader: feed.Reader{}, AthleteID: m.id}).Count
	if view.Closed() != nil {
		page.Others = "What must be hidden can’t be read, so strangers see nothing at the moment."
	}
	page.Sums = []string{count(all, "activity", "activities") + " here", thousands(shown) + " shown to strangers"}
	if hidden := countHidden(hides); hidden > 0 {
		page.Sums = append(page.Sums, thousands(hidden)+" hidden")
	}
	for _, e := range list.Entries {
		page.Rows = append(page.Rows, meRowOf(e, m, view.Publish, hides[e.For(m.owner()).ID], s.config.Now()))
	}
	if cursor != "" {
		page.Newest = m.at(mePath, nil)
	}
	if list.Next != "" {
		page.Next = m.at(mePath, url.Values{"cursor": {list.Next}})
	}
	for _, z := range zones {
		page.Zones = append(page.Zones, meZone{z.ID, z.Name, zoneWords(z), z.AthleteID == m.id})
	}
	b, err := sitePages().write("me", page)
	s.say(w, status, b, err)
	return nil
}

func count(n int, one, several string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(n) + " " + several
}

// choices are what an athlete has hidden, by activity, and the zones in which their routes are.
func (s *Server) choices(ctx context.Context, athleteID int64) (hides map[int64][]string, zones []store.Zone, err error) {
	hides = map[int64][]string{}
	err = s.config.Store.View(ctx, func(tx *store.Tx) error {
		list, err := tx.Hides(ctx, athleteID, 0)
		if err != nil {
			return err
		}
		for _, h := range list {
			hides[h.ActivityID] = append(hides[h.ActivityID], h.What)
		}
		zones, err = tx.Zones(ctx)
		return err
	})
	zones = slices.DeleteFunc(zones, func(z store.Zone) bool { return z.AthleteID != 0 && z.AthleteID != athleteID })
	return hides, zones, err
}

func countHidden(hides map[int64][]string) (n int) {
	for _, what := range hides {
		if slices.Contains(what, store.HideAll) {
			n++
		}
	}
	return n
}

func zoneWords(z store.Zone) string {
	return strconv.FormatFloat(z.RadiusM, 'f', 0, 64) + " m around " + strconv.FormatFloat(z.Lat, 'f', 4, 64) + ", " + strconv.FormatFloat(z.Lng, 'f', 4, 64)
}

func meRowOf(e *feed.Entry, m myself, publish feed.Publish, hidden []string, now time.Time) meRow {
	own, public := e.For(m.owner()), e.For(feed.Reader{})
	row := meRow{ID: strconv.FormatInt(own.ID, 10), Name: own.Name, Hidden: slices.Contains(hidden, store.HideAll), Ends: own.Map != nil, Family: musette.Family(own.SportType)}
	if row.Name == "" {
		row.Name = sport(own.SportType)
	}
	zone, err := time.LoadLocation(own.Timezone)
	if err != nil {
		zone = time.UTC
	}
	row.Meta = when(own.StartLocal, now.In(zone)) + " · " + sport(own.SportType)
	if own.DistanceM >= 1 {
		row.Meta += " · " + strings.ReplaceAll(inWords([]figure{distance(own.DistanceM)}), " ", "\u00a0")
	}
	row.Shown = public != nil && !row.Hidden
	switch {
	case row.Hidden:
		row.Says = "Hidden by you"
	case row.Shown && own.Map != nil && public.Map == nil:
		row.Says = "Strangers see it, without its route"
	case row.Shown:
		row.Says = "Strangers see it"
	case own.Visibility == "only_me":
		row.Says = "Private on Strava: strangers don’t see it"
	case own.Visibility != "everyone" && own.Visibility != "unknown":
		row.Says = "For followers on Strava: strangers don’t see it"
	case publish.Mode == feed.PublishFull && publish.Delay > 0:
		row.Says = "Strangers don’t see it yet"
	default:
		row.Says = "Strangers don’t see it"
	}
	for _, p := range []struct {
		what, says string
		has        bool
	}{
		{store.HideMap, "the map", own.Map != nil},
		{store.HidePhotos, "the photos", len(own.Photos) > 0},
		{store.HideDescription, "the description", own.Description != nil},
	} {
		if p.has {
			row.Parts = append(row.Parts, mePart{p.what, p.says, slices.Contains(hidden, p.what)})
		}
	}
	if row.Shown && public.Map != nil && !slices.Contains(hidden, store.HideMap) {
		row.Route = previewOf(public, row.Name)
	}
	return row
}

// previewOf draws a route as strangers see it.
func previewOf(public *musette.Activity, name string) template.HTML {
	points, err := track.Decode(public.Map.Polyline)
	if err != nil {
		return ""
	}
	// svg writes every text and class escaped.
	return template.HTML(svg.Route(points, svg.RouteOptions{ //nolint:gosec
		Width: mePreview * 4 / 3, Height: mePreview, Class: "sport-" + musette.Family(public.SportType), Title: "The route of " + name + " as strangers see it",
	}))
}
