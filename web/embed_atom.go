package web

import (
	"crypto/sha256"
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
	"time"

	"musette"
	"musette/feed"
)

// atomEntries is how many activities the Atom feed has.
const atomEntries = 30

// The Atom feed, RFC 4287. All text in it is plain: nothing of it is markup to anybody.
type (
	atomFeed struct {
		XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
		ID      string      `xml:"id"`
		Title   string      `xml:"title"`
		Updated string      `xml:"updated"`
		Author  atomPerson  `xml:"author"`
		Links   []atomLink  `xml:"link"`
		Icon    string      `xml:"icon"`
		Entries []atomEntry `xml:"entry"`
	}
	atomEntry struct {
		ID        string       `xml:"id"`
		Title     string       `xml:"title"`
		Updated   string       `xml:"updated"`
		Published string       `xml:"published"`
		Author    *atomPerson  `xml:"author"`
		Links     []atomLink   `xml:"link"`
		Category  atomCategory `xml:"category"`
		Content   atomText     `xml:"content"`
	}
	atomPerson struct {
		Name string `xml:"name"`
	}
	atomLink struct {
		Rel  string `xml:"rel,attr"`
		Type string `xml:"type,attr,omitempty"`
		Href string `xml:"href,attr"`
	}
	atomCategory struct {
		Term string `xml:"term,attr"`
	}
	atomText struct {
		Type string `xml:"type,attr"`
		Text string `xml:",chardata"`
	}
)

// getAtom answers with what strangers see as a feed for readers.
func (s *Server) getAtom(w http.ResponseWriter, r *http.Request) error {
	values, err := params(r, "type", "athlete")
	if err != nil {
		return err
	}
	q, err := feed.ParseQuery(values, "type", "athlete")
	if err != nil {
		return err
	}
	return s.sendPublic("application/atom+xml; charset=utf-8", w, r, func(view *feed.View, reader feed.Reader) (*feed.Response, error) {
		q.Reader, q.Limit = reader, atomEntries
		list, err := view.Query(q)
		if err != nil {
			return nil, err
		}
		called, base := names(view, reader), s.base(r)
		self := base + "/feed.atom"
		if len(values) > 0 {
			self += "?" + values.Encode()
		}
		f := atomFeed{
			ID: self, Title: title(called), Author: atomPerson{"Musette"}, Icon: base + sitePages().assets.paths["favicon.svg"],
			Links: []atomLink{
				{Rel: "self", Type: "application/atom+xml", Href: self},
				{Rel: "alternate", Type: "text/html", Href: base + "/"},
			},
		}
		var updated time.Time
		for _, e := range list.Entries {
			a := e.For(reader)
			f.Entries = append(f.Entries, newAtomEntry(a, who(called[a.AthleteID], len(called) > 1), base))
			if at := changed(a); at.After(updated) {
				updated = at
			}
		}
		f.Updated = atomTime(updated)
		b, err := xml.Marshal(f)
		if err != nil {
			return nil, fmt.Errorf("writing the Atom feed: %w", err)
		}
		return feed.NewResponse(append([]byte(xml.Header), b...), "atom"), nil
	})
}

func newAtomEntry(a *musette.Activity, by, base string) atomEntry {
	e := atomEntry{
		ID: atomID(a), Title: a.Name, Updated: atomTime(changed(a)), Published: atomTime(a.Start.Time),
		Category: atomCategory{sport(a.SportType)},
	}
	if strings.TrimSpace(e.Title) == "" {
		e.Title = sport(a.SportType)
	}
	if by != "" {
		e.Author = &atomPerson{by}
	}
	var said []string
	for _, n := range numbers(a, metric) {
		said = append(said, inWords(n.Figures))
	}
	e.Links = append(e.Links, atomLink{Rel: "alternate", Type: "text/html", Href: fmt.Sprintf("%s/a/%d", base, a.ID)})
	if strava := safeURL(a.Links.Strava); strava != "" {
		e.Links = append(e.Links, atomLink{Rel: "via", Type: "text/html", Href: strava})
	}
	e.Links = append(e.Links, atomLink{Rel: "enclosure", Type: "image/png", Href: fmt.Sprintf("%s/embed/activity/%d.png", base, a.ID)})
	e.Content = atomText{"text", strings.Join(said, " · ")}
	if a.Description != nil {
		e.Content.Text += "\n\n" + *a.Description
	}
	return e
}

// changed is when an activity last was other than now: when what is shown came, which is after it was over.
func changed(a *musette.Activity) time.Time {
	if a.FetchedAt.After(a.Start.Time) {
		return a.FetchedAt.Time
	}
	return a.Start.Time
}

// atomID is the same for an activity wherever it is served, and for ever.
func atomID(a *musette.Activity) string {
	h := sha256.Sum256(fmt.Appendf(nil, "musette activity %d of %d", a.ID, a.AthleteID))
	h[6], h[8] = h[6]&0x0f|0x80, h[8]&0x3f|0x80 // a UUID of version 8, RFC 9562
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", h[:4], h[4:6], h[6:8], h[8:10], h[10:16])
}

// atomTime is in whole seconds; that of nothing at all is the first there is.
func atomTime(t time.Time) string {
	if t.IsZero() {
		t = time.Unix(0, 0)
	}
	return t.UTC().Format(time.RFC3339)
}
