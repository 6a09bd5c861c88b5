package web

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"musette/feed"
)

// What other sites show of ours: the script with the widgets, the same widgets as pages for frames, and pictures for
// places without scripts. Whoever looks, these show what somebody sees who brings neither key nor cookie.

// embedRoutes are the paths of all that.
func (s *Server) embedRoutes() map[string]methods {
	return map[string]methods{
		"/embed.js":            {"GET": s.embedScript},
		"/embed/feed":          {"GET": s.embedFrame("feed")},
		"/embed/map":           {"GET": s.embedFrame("map")},
		"/embed/totals":        {"GET": s.embedFrame("totals")},
		"/embed/activity/{id}": {"GET": s.embedActivity}, // and .png, .svg
		"/embed/feed.svg":      {"GET": s.feedPicture},
		"/embed/map.svg":       {"GET": s.mapPicture},
		"/embed/totals.svg":    {"GET": s.totalsPicture},
		"/embed/totals.png":    {"GET": s.seasonCard},
		"/feed.atom":           {"GET": s.getAtom},
	}
}

// embedScript answers with the widgets.
func (s *Server) embedScript(w http.ResponseWriter, r *http.Request) error {
	if _, err := params(r); err != nil {
		return err
	}
	forAnySite(w.Header())
	a := sitePages().assets
	f := a.files[a.paths["embed.js"]]
	sendAs(f.kind, w, r, feed.Reader{}, f.response)
	return nil
}

// forAnySite lets every site's pages use an answer, which is the same whoever asks.
func forAnySite(h http.Header) {
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Vary", "Accept-Encoding")
}

// anybody is the reader that a visitor without key and cookie is.
func (s *Server) anybody() (feed.Reader, error) {
	v := visitor{}
	if s.config.Open {
		v = visitor{Known: true, scopes: []string{ScopeRead}}
	}
	return s.admit(v, nil)
}

// embedForms are the pictures of one activity, by the ending of the address.
var embedForms = map[string]func(s *Server, w http.ResponseWriter, r *http.Request, id string) error{
	".png": (*Server).activityCard,
	".svg": (*Server).activityPicture,
}

// embedActivity is one activity: as a page for a frame, or as the ending of the address says.
func (s *Server) embedActivity(w http.ResponseWriter, r *http.Request) error {
	for ending, form := range embedForms {
		if id, ok := strings.CutSuffix(r.PathValue("id"), ending); ok {
			return form(s, w, r, id)
		}
	}
	if _, ok := feed.ParseID(r.PathValue("id")); !ok {
		return notFound("There is no such activity: its id is a whole number.")
	}
	return s.embedFrame("activity")(w, r)
}

// embedParams are the parameters that each kind of widget takes besides how it looks; they narrow what it shows.
var embedParams = map[string][]string{
	"feed":     {"limit", "type", "from", "to", "athlete"},
	"map":      {"limit", "type", "from", "to", "athlete"},
	"totals":   {"type", "from", "to", "athlete"},
	"activity": {},
}

// frame is a page that holds one widget.
type frame struct {
	Kind, ID, Title                string
	Limit, Type, From, To, Athlete string
	Units, Lang, Theme             string
	Picture                        string // shows the same where scripts don't run
}

var frameTitles = map[string]string{"feed": "Activities", "activity": "Activity", "map": "Map of routes", "totals": "Totals"}

// language is the form of a language's tag; the widget knows which there are.
var language = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}$`)

// embedFrame answers with a page that holds a widget. The page has no data in it: the widget asks for it, and says it
// where nothing is public.
func (s *Server) embedFrame(kind string) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		h := w.Header()
		forAnySite(h)
		h.Set("Content-Security-Policy", s.framePolicy())
		values, err := query(r)
		if err != nil {
			return err
		}
		if err := checkEmbed(values, embedParams[kind], "units", "lang", "theme"); err != nil {
			return err
		}
		b, err := sitePages().write("embed", frame{
			Kind: kind, ID: r.PathValue("id"), Title: frameTitles[kind],
			Limit: values.Get("limit"), Type: strings.Join(values["type"], ","), From: values.Get("from"), To: values.Get("to"),
			Athlete: values.Get("athlete"), Units: values.Get("units"), Lang: values.Get("lang"), Theme: values.Get("theme"),
			Picture: r.URL.Path + ".svg?" + without(values, "lang", "limit").Encode(),
		})
		if err != nil {
			return err
		}
		sendHTML(w, r, feed.Reader{}, feed.NewResponse(b, "embed"))
		return nil
	}
}

// checkEmbed refuses parameters that aren't right: those that narrow what is shown, and those that say how it looks.
func checkEmbed(values url.Values, narrowing []string, looks ...string) error {
	if err := feed.CheckParams(values, slices.Concat(narrowing, looks)...); err != nil {
		return err
	}
	if _, err := feed.ParseQuery(without(values, looks...), narrowing...); err != nil {
		return err
	}
	for name, right := range map[string][]string{"units": {"metric", "imperial"}, "theme": {"light", "dark", "auto"}} {
		if values.Has(name) && !slices.Contains(right, values.Get(name)) {
			return &feed.ParamError{Param: name, Problem: "it is " + strings.Join(right, " or ")}
		}
	}
	if values.Has("lang") && !language.MatchString(values.Get("lang")) {
		return &feed.ParamError{Param: "lang", Problem: "it is a language like en-GB or de"}
	}
	return nil
}

// framePolicy is that of a page for frames. What is public may stand in anybody's page: nothing can be pressed there that
// does something, and it holds nothing that they couldn't fetch and show themselves. What only this machine's user may
// see stays out of other pages but those of the allowed origins.
func (s *Server) framePolicy() string {
	around := "*"
	if s.config.Open {
		around = strings.TrimSpace("'self' " + strings.Join(s.origins, " "))
	}
	return fmt.Sprintf("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "+
		"form-action 'none'; base-uri 'none'; frame-ancestors %s", around)
}
