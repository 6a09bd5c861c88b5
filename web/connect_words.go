package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"musette"
	"musette/feed"
)

// A link is a button that leads somewhere.
type link struct{ To, Says string }

// An ending is a page that says how connecting went.
type ending struct {
	Heading string
	Tone    string   // wait, stop, or "" for an end that is well
	Text    []string // paragraphs, in which commands stand between backquotes
	Lacking []string // what wasn't allowed, and what that means
	Again   bool     // shows the button that asks Strava again
	Force   bool     // and has Strava ask though it was told yes before
	Links   []link
}

// Title is the page's.
func (e ending) Title() string { return e.Heading }

// Paragraphs are the texts, with their commands marked up.
func (e ending) Paragraphs() (list [][]piece) {
	for _, t := range e.Text {
		list = append(list, marked(t))
	}
	return list
}

// A consentPage says what connecting means, before anybody goes to Strava.
type consentPage struct {
	Title  string
	Lead   string
	Points []point
	Invite string // the code, "" where the browser is known otherwise
	Force  bool
	State  []sentence
}

// A point is one thing to know, under its own heading.
type point struct {
	Heading string
	Text    []piece
}

func (s *Server) consentPage(a asker, code string) consentPage {
	c, view := s.config.Connect, s.config.Feed.View()
	page := consentPage{Title: "Connect your Strava activities", Lead: "You are invited to have your activities kept here. Read what that means, then answer on Strava’s own page.", Invite: code}
	switch {
	case a.operator:
		page.Title = "Connect an athlete"
		page.Lead = "Whoever is signed in to Strava in this browser is connected. `musette athlete invite` makes a link for somebody else’s browser."
	case a.only != 0:
		page.Title, page.Force = "Connect to Strava again", true
		page.Lead = "Everything that is here stays. Strava asks once more what may be read."
	}
	fetched := "Your name, and your activities with their routes, times, texts, photos and comments"
	if slices.Contains(c.Scopes, "activity:read_all") {
		fetched += ". Private ones too, and routes as they are inside your privacy zones on Strava; untick that box on Strava’s page to leave those out"
	}
	kept := "In the database of whoever runs this page, and in its backups, for as long as you stay"
	if c.Retention > 0 {
		kept += ". What Strava hasn’t confirmed for " + days(c.Retention) + " is deleted"
	}
	page.Points = []point{
		{"What is fetched", text1(fetched + ".")},
		{"Where it is kept", text1(kept + ". The key to your account is kept encrypted.")},
		{"Who sees it", text1("You, and whoever runs this page. " + strangersSee(view.Publish))},
		{"What never happens", text1("Nothing of yours on Strava is changed.")},
		{"How to leave", text1("On your own page here, at any time: all of it is deleted and Strava is told. You can also take it along first, as a file.")},
	}
	for _, line := range (speaker{s.config.Now().UTC(), a.operator}).say(&view.Status) {
		if view.Status.State == musette.StateInactive || view.Status.State == musette.StateOffline {
			page.State = append(page.State, line)
		}
	}
	return page
}

func text1(s string) []piece { return []piece{text(s)} }

// Leads is the lead with its commands marked up.
func (c consentPage) Leads() []piece { return marked(c.Lead) }

// days says a time in days where it is some, else as Go does.
func days(d time.Duration) string {
	n := int(d / (24 * time.Hour))
	switch {
	case n > 1 && d%(24*time.Hour) == 0:
		return fmt.Sprint(n, " days")
	case d%time.Hour == 0:
		return fmt.Sprint(int(d/time.Hour), " hours")
	}
	return d.String()
}

// strangersSee says what publishing comes to.
func strangersSee(p feed.Publish) string {
	switch {
	case !p.On():
		return "Strangers see nothing."
	case !p.API:
		return "Strangers see nothing of what came from Strava’s API."
	case p.Mode == feed.PublishAggregate:
		return "Strangers see totals only: no names, no activities, no routes."
	}
	what := []string{"distance and time"}
	for _, f := range feed.Fields {
		if slices.Contains(p.Fields, f) && fieldWords[f] != "" {
			what = append(what, fieldWords[f])
		}
	}
	s := "Strangers see those of your activities that everyone may see on Strava: " + listed(what)
	if p.Delay > 0 {
		s += "; each " + wait(p.Delay) + " after its end"
	}
	return s + ". You can hide any of them."
}

func wait(d time.Duration) string {
	if d >= 48*time.Hour || d%time.Hour == 0 {
		return days(d)
	}
	return inWords(duration(int(d / time.Second)))
}

// fieldWords say what may be shown of an activity.
var fieldWords = map[string]string{
	feed.FieldName: "name", feed.FieldDescription: "description", feed.FieldMap: "the route without its ends", feed.FieldStrava: "a link to Strava",
	feed.FieldPhotos: "photos", feed.FieldComments: "comments", feed.FieldKudos: "kudos",
}

// listed puts words together: a, b and c.
func listed(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// lacking say, for each scope, what it is and what goes without it.
var lacking = map[string]string{
	"read":              "Your public profile: your name may be missing here.",
	"read_all":          "Private routes and segments: they don’t arrive.",
	"profile:read_all":  "Your whole profile: gear and zones don’t arrive.",
	"activity:read":     "Your activities: nothing can be fetched.",
	"activity:read_all": "Private activities: those that only you may see don’t arrive, and routes have gaps where your privacy zones on Strava are.",
}

func lackingWords(scopes []string) (list []string) {
	for _, scope := range scopes {
		words := lacking[scope]
		if words == "" {
			words = "The permission " + scope + "."
		}
		list = append(list, words)
	}
	return list
}

// welcome is the page of an athlete who has just connected.
func (s *Server) welcome(a asker, done Connected) ending {
	name := firstName(done.Name)
	e := ending{Heading: "Connected", Text: []string{"The activities are being fetched now, the newest first."}, Links: []link{{"/me", "What is shown of me"}}}
	switch {
	case a.operator && name != "":
		e.Text[0], e.Links = name+"’s activities are being fetched now, the newest first.", []link{{"/", "To the activities"}}
	case a.operator:
		e.Links = []link{{"/", "To the activities"}}
	case name != "":
		e.Heading = "Welcome, " + name
		e.Text[0] = "You are connected. " + e.Text[0]
	}
	if !a.operator && done.AthleteID == 0 {
		e.Text = append(e.Text, "Strava didn’t say who you are, so you aren’t signed in here: ask for a key.")
		e.Links = nil
	}
	if len(done.Missing) > 0 {
		e.Heading, e.Tone, e.Again, e.Force = "Connected, but not to everything", "wait", a.operator || done.AthleteID != 0, true
		e.Text = []string{"A box on Strava’s page was unticked. What is allowed is being fetched now; this isn’t:"}
		e.Lacking = lackingWords(done.Missing)
		if len(e.Links) > 0 {
			e.Links = []link{{e.Links[0].To, "Leave it so"}}
		}
	}
	return e
}

const (
	nothingKept = "Nothing was kept."
	stillGood   = " The invite stays good."
)

// ending says why nobody was connected, what that means, and what to do.
func (n *NotConnected) ending(a asker) ending {
	kept := nothingKept
	if a.invited {
		kept += stillGood
	}
	if a.only != 0 {
		kept = "What is here stays, and nothing was changed."
	}
	switch n.Why {
	case WhyDenied:
		return ending{Heading: "You said no at Strava", Again: true, Text: []string{"That is fine. " + kept + " If it was a slip, try again."}}
	case WhyScopes:
		return ending{
			Heading: "The boxes about activities were unticked", Tone: "wait", Again: true, Force: true,
			Text: []string{"So there is nothing that may be fetched. " + kept + " Try again, and leave them ticked."},
		}
	case WhyOther:
		return ending{
			Heading: "That was somebody else", Tone: "wait", Again: true, Force: true,
			Text: []string{"Another athlete than you is signed in to Strava in this browser. " + kept + " Sign in there as yourself, then try again."},
		}
	case WhyLimit:
		return ending{
			Heading: "There is no room for another athlete", Tone: "wait", Again: true,
			Text: []string{
				"Strava lets each app have only so many athletes, a new one its owner alone, and this one is full (“Limit of connected athletes exceeded”). " + kept,
				"Whoever runs this page can raise the number at https://www.strava.com/settings/api, or make room with `musette athlete remove`. Then try again.",
			},
		}
	case WhyInactive:
		return ending{
			Heading: "This Strava app is switched off", Tone: "wait", Again: true,
			Text: []string{
				"Strava does that when the paid subscription of the app’s owner has lapsed. " + kept,
				"When the owner has renewed it, try again. https://www.strava.com/settings/api shows how the app stands.",
			},
		}
	case WhySecret, WhyClient:
		setting := "STRAVA_CLIENT_SECRET"
		if n.Why == WhyClient {
			setting = "STRAVA_CLIENT_ID"
		}
		return ending{
			Heading: "Strava doesn’t know this app", Tone: "stop", Again: true,
			Text: []string{
				"It is nothing that you did: `" + setting + "` isn’t what Strava has. " + kept,
				"Whoever runs this page finds the right one at https://www.strava.com/settings/api, and starts Musette again with it.",
			},
		}
	case WhyCode:
		return ending{Heading: "The answer came too late", Tone: "wait", Again: true, Text: []string{"Strava’s answer works once and for a few minutes. " + kept + " Try again."}}
	case WhyAway:
		return ending{
			Heading: "Strava isn’t answering at the moment", Tone: "wait", Again: true,
			Text: []string{"You said yes, but Strava didn’t hand over the key that belongs to it. " + kept + " Try again in a few minutes."},
		}
	}
	return ending{Heading: "Strava refused", Tone: "wait", Again: true, Text: []string{"It didn’t say a reason that is known here; the log has its words. " + kept + " Try again."}}
}

// sayConnect answers with a page of connecting. Its form may end at Strava.
func (s *Server) sayConnect(w http.ResponseWriter, status int, template string, page any) {
	b, err := sitePages().write(template, page)
	if s.asks != "" {
		w.Header().Set("Content-Security-Policy", strings.Replace(contentPolicy, "form-action 'self'", "form-action 'self' "+s.asks, 1))
	}
	s.say(w, status, b, err)
}

// origin is that of an address, "" if it has none.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
