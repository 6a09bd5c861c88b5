package web

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"musette"
	"musette/feed"
	"musette/web/share"
)

// The pictures that other sites show beside a link to us: of one activity, and of the whole season. A page that strangers
// see names its own in its head.

// cards keeps pictures as drawn, by what is on them: drawing one takes some 40 ms.
type cards struct {
	kept    keep[string, *feed.Response]
	drawing sync.Mutex // one is drawn at a time, however many are asked for
}

const keptCards = 64

func newCards() *cards { return &cards{kept: keep[string, *feed.Response]{limit: keptCards}} }

func (c *cards) get(card share.Card, m *musette.Map) *feed.Response {
	key := fmt.Sprintf("%#v", card)
	if m != nil {
		key += strings.Join(m.Lines(), " ")
	}
	return c.kept.get(key, func() *feed.Response {
		if m != nil {
			card.Lines = decoded(m)
		}
		c.drawing.Lock()
		defer c.drawing.Unlock()
		return feed.NewResponse(share.PNG(card), "card")
	})
}

// activityCard answers with the picture of one activity.
func (s *Server) activityCard(w http.ResponseWriter, r *http.Request, id string) error {
	return s.sendPicture(w, r, func(view *feed.View, reader feed.Reader) (*feed.Response, error) {
		a, err := shownTo(view, reader, id)
		if err != nil {
			return nil, err
		}
		called := names(view, reader)
		x := newSubject(a, who(called[a.AthleteID], len(called) > 1), false, s.config.Now())
		card := share.Card{Above: dotted(x.Who, x.Sport, dayIn(a)), Name: x.Name, Instead: x.Sport, Share: -1, Family: x.Family}
		for _, n := range numbers(a, metric) {
			card.Figures = append(card.Figures, share.Figure{Label: n.Label, Value: inWords(n.Figures)})
		}
		return s.cards.get(card, a.Map), nil
	})
}

// seasonCard answers with the picture of the totals.
func (s *Server) seasonCard(w http.ResponseWriter, r *http.Request) error {
	return s.sendPicture(w, r, func(view *feed.View, reader feed.Reader) (*feed.Response, error) {
		t := view.Totals(feed.Query{Reader: reader})
		h := newTop(t, &musette.Status{}, names(view, reader), false, metric, s.config.Now())
		card := share.Card{Above: h.Title, Name: inWords([]figure{h.Far}), Share: -1, Family: h.Family}
		if h.GoalM > 0 {
			card.Name, card.Share = h.InFull, math.Round(float64(h.Done)/float64(h.GoalM)*1000)/1000
		}
		if t.Count > 0 {
			card.Figures = append(card.Figures, share.Figure{Label: "Activities", Value: thousands(t.Count)})
		}
		if t.MovingS > 0 {
			card.Figures = append(card.Figures, share.Figure{Label: "Time", Value: inWords(roundHours(t.MovingS))})
		}
		if t.ClimbM > 0 {
			card.Figures = append(card.Figures, share.Figure{Label: "Climb", Value: thousands(t.ClimbM) + " m"})
		}
		return s.cards.get(card, nil), nil
	})
}

// sendPicture answers with what everybody may see, as PNG.
func (s *Server) sendPicture(w http.ResponseWriter, r *http.Request, make func(*feed.View, feed.Reader) (*feed.Response, error)) error {
	if _, err := params(r); err != nil {
		return err
	}
	return s.sendPublic("image/png", w, r, make)
}

// sendPublic answers with what everybody may see of a view, whoever asks.
func (s *Server) sendPublic(contentType string, w http.ResponseWriter, r *http.Request, make func(*feed.View, feed.Reader) (*feed.Response, error)) error {
	forAnySite(w.Header())
	reader, err := s.anybody()
	if err != nil {
		return err
	}
	view, err := s.view()
	if err != nil {
		return err
	}
	response, err := make(view, reader)
	if err != nil {
		return err
	}
	sendAs(contentType, w, r, reader, response)
	return nil
}

// shownTo is one activity as a reader sees it, or a problem.
func shownTo(view *feed.View, reader feed.Reader, idText string) (*musette.Activity, error) {
	id, ok := feed.ParseID(idText)
	e, found := view.Activity(id, reader)
	if !ok || !found {
		return nil, notFound("There is no such activity here, or it isn't public.")
	}
	return e.For(reader), nil
}

// dayIn is the day of an activity's start, with its year: a picture may be kept for years.
func dayIn(a *musette.Activity) string {
	t, err := time.Parse(localWall, a.StartLocal)
	if err != nil {
		return ""
	}
	return t.Format("2 January 2006")
}

// dotted puts a dot between words that there are.
func dotted(words ...string) string {
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " · ")
}

// sharing is what a page's head tells those who show links to it, and where its feed is.
type sharing struct {
	Type               string // website, or article
	Title, Description string
	URL, Image         string // with the address of the server
}

// seasonSharing is the sharing of the feed's page.
func (s *Server) seasonSharing(r *http.Request, h top) *sharing {
	base := s.base(r)
	said := append([]string{inWords([]figure{h.Far})}, h.Sums...)
	if h.InFull != "" {
		said[0] = h.InFull
	}
	return &sharing{Type: "website", Title: h.Title, Description: dotted(said...), URL: base + "/", Image: base + "/embed/totals.png"}
}

// activitySharing is the sharing of one activity's page.
func (s *Server) activitySharing(r *http.Request, x subject, list []number) *sharing {
	base := s.base(r)
	said := []string{x.Sport, x.When}
	for _, n := range list {
		said = append(said, inWords(n.Figures))
	}
	return &sharing{Type: "article", Title: x.Name, Description: dotted(said...), URL: base + "/a/" + x.ID, Image: base + "/embed/activity/" + x.ID + ".png"}
}
