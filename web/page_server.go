package web

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"musette"
	"musette/feed"
)

// sitePages are read once; the templates are part of the program, so a mistake in them is one of ours.
var sitePages = sync.OnceValue(func() *pages {
	p, err := newPages()
	if err != nil {
		panic(err)
	}
	return p
})

// pageRoutes are what the page needs besides /.
func (s *Server) pageRoutes() map[string]methods {
	return map[string]methods{
		"/top":           {"GET": s.pageTop},
		"/card/{id}":     {"GET": s.pageCard},
		"/a/{id}":        {"GET": s.pageActivity},
		"/map":           {"GET": s.pageMap},
		"/totals":        {"GET": s.pageTotals},
		"/units":         {"POST": s.postUnits},
		tilePath:         {"GET": s.tile},
		"/static/{file}": {"GET": s.asset},
	}
}

// page answers GET /: the activities asked for, the newest or those behind a cursor. Where nothing is public, a stranger
// is shown how to sign in.
func (s *Server) page(w http.ResponseWriter, r *http.Request) error {
	return s.sendPage(w, r, "page", func(in *pageInput, view *feed.View, reader feed.Reader) ([]byte, error) {
		asked, err := askedOf(r, view, reader)
		if err != nil {
			return nil, err
		}
		in.Find = asked.form(in, "/")
		if asked.trouble != "" {
			in.status = http.StatusBadRequest
			return sitePages().page(*in)
		}
		list, err := view.Query(asked.query)
		if err != nil {
			return nil, err
		}
		in.Find.tell(view, &asked, in.Units, way{Href: asked.address("/map", ""), Text: "On the map"})
		in.First = asked.query.Cursor == ""
		if in.Public {
			in.Share = s.seasonSharing(r, sitePages().newTop(*in))
		}
		if !in.First {
			in.Newest = asked.address("/", "")
		}
		if list.Next != "" {
			in.Older = asked.address("/", list.Next)
		}
		for _, e := range list.Entries {
			in.Activities = append(in.Activities, e.For(reader))
		}
		return sitePages().page(*in)
	})
}

// pageTop answers with the head of the page, for a page that is open already.
func (s *Server) pageTop(w http.ResponseWriter, r *http.Request) error {
	return s.sendPage(w, r, "top", func(in *pageInput, _ *feed.View, _ feed.Reader) ([]byte, error) {
		return sitePages().top(*in)
	})
}

// pageCard answers with one activity's card.
func (s *Server) pageCard(w http.ResponseWriter, r *http.Request) error {
	return s.sendPage(w, r, "card", func(in *pageInput, view *feed.View, reader feed.Reader) ([]byte, error) {
		id, ok := feed.ParseID(r.PathValue("id"))
		e, found := view.Activity(id, reader)
		if !ok || !found {
			return nil, notFound("There is no such activity here, or it isn't yours to see.")
		}
		in.Activities = []*musette.Activity{e.For(reader)}
		return sitePages().card(*in)
	})
}

// sendPage answers with HTML that make makes of what the visitor may see.
func (s *Server) sendPage(w http.ResponseWriter, r *http.Request, kind string, make func(*pageInput, *feed.View, feed.Reader) ([]byte, error)) error {
	reader, err := s.read(r)
	if err != nil {
		return err
	}
	view, err := s.view()
	if err != nil {
		return err
	}
	in := &pageInput{
		Totals: view.Totals(feed.Query{Reader: reader}), Status: view.StatusFor(reader), Names: names(view, reader),
		Owner: reader.Owner, TotalsOnly: !showsActivities(view, reader), shell: s.newShell(r, view, reader),
		Mapless: !slices.Contains(view.Publish.Fields, feed.FieldMap),
		Epoch:   view.Epoch, Seq: view.Seq, Now: s.config.Now(),
	}
	for a := range view.Each(feed.Query{Reader: reader}) {
		in.Latest = a
		break
	}
	b, err := make(in, view, reader)
	if err != nil {
		return err
	}
	w.Header().Set("Vary", w.Header().Get("Vary")+", Accept-Language") // miles or kilometres
	if in.status != 0 {
		s.say(w, in.status, b, nil)
		return nil
	}
	sendHTML(w, r, reader, feed.NewResponse(b, kind))
	return nil
}

// names are the athletes whom the reader may be told of: to strangers only where everything is published, and what
// Strava's API says may be.
func names(view *feed.View, reader feed.Reader) map[int64]string {
	athletes := view.StatusFor(reader).Athletes
	if !reader.Owner && view.Publish.Mode == feed.PublishFull && view.Publish.API {
		athletes = view.Status.Athletes
	}
	m := map[int64]string{}
	for _, a := range athletes {
		m[a.ID] = a.Name
	}
	return m
}

// sendHTML is send for HTML.
func sendHTML(w http.ResponseWriter, r *http.Request, to feed.Reader, response *feed.Response) {
	sendAs("text/html; charset=utf-8", w, r, to, response)
}

// asset answers with one of the page's own files.
func (s *Server) asset(w http.ResponseWriter, r *http.Request) error {
	f, ok := sitePages().assets.files[r.URL.Path]
	if !ok {
		return notFound("There is nothing at this address.")
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	coding := preferredCoding(r.Header.Values("Accept-Encoding"))
	if coding != feed.Plain {
		h.Set("Content-Encoding", coding)
	}
	body := f.response.Encoded(coding)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
	return nil
}

// loginPage shows a form for a key, or, if there is a code, a button that sends it. trouble says why the last try
// failed, "" at first.
func (s *Server) loginPage(w http.ResponseWriter, _ *http.Request, status int, code, trouble string) {
	b, err := sitePages().login(s.config.Feed.View().Publish.On(), trouble)
	if code != "" {
		b, err = sitePages().open(code)
	}
	s.say(w, status, b, err)
}

// headings are what a person is told of an error first.
var headings = map[int]string{
	http.StatusBadRequest:         "This address isn’t quite right",
	http.StatusForbidden:          "This isn’t allowed",
	http.StatusNotFound:           "There is nothing here",
	http.StatusTooManyRequests:    "Too many tries",
	http.StatusServiceUnavailable: "One moment",
}

// errorPage shows a person what went wrong.
func (s *Server) errorPage(w http.ResponseWriter, r *http.Request, p *problem) {
	if p.Status == http.StatusUnauthorized {
		s.loginPage(w, r, p.Status, "", "")
		return
	}
	m := message{Heading: headings[p.Status], Text: p.Detail, Home: p.Status < 500, Again: p.Status == http.StatusServiceUnavailable && r.Method == http.MethodGet}
	if m.Heading == "" {
		m.Heading, m.Text = "Something went wrong", strings.TrimPrefix(m.Text, "Something went wrong here. ")
	}
	if id, ok := p.More["request"]; ok {
		m.Text += fmt.Sprintf(" The id is `%v`.", id)
	}
	b, err := sitePages().message(m)
	s.say(w, p.Status, b, err)
}

// say answers with a page that isn't kept.
func (s *Server) say(w http.ResponseWriter, status int, page []byte, err error) {
	if err != nil {
		s.config.Log.Error("a page could not be written", "error", err)
		http.Error(w, "Something went wrong here. No data is lost.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	if status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="musette"`)
	}
	w.WriteHeader(status)
	_, _ = w.Write(page)
}
