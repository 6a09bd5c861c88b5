package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"strings"
	"time"

	"musette"
	"musette/web/svg"
)

//go:embed templates/*.html
var templateFiles embed.FS

// pages writes the HTML that people see.
type pages struct {
	templates *template.Template
	assets    *assets
	drawings  *drawings
	maps      *keep[uint64, *mapPage]
}

func newPages() (*pages, error) {
	a, err := loadAssets()
	if err != nil {
		return nil, err
	}
	t, err := template.New("").Funcs(template.FuncMap{
		"asset":       a.path,
		"marked":      marked,
		"paragraphs":  paragraphs,
		"pair":        newMine,
		"chartWidth":  func() int { return (weeksShown-1)*barStep + barWidth },
		"chartHeight": func() int { return chartHeight },
	}).ParseFS(templateFiles, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("reading the page's templates: %w", err)
	}
	return &pages{templates: t, assets: a, drawings: newDrawings(), maps: &keep[uint64, *mapPage]{limit: keptMaps}}, nil
}

// pageInput is everything a page is made of, as the reader may see it.
type pageInput struct {
	Activities []*musette.Activity // newest first
	Latest     *musette.Activity   // the newest of all that the reader sees, nil if there is none
	Totals     musette.Totals
	Status     musette.Status
	Names      map[int64]string // of the athletes that may be named

	shell
	First      bool   // the first page, the one that is kept alive where nothing is filtered
	Find       *find  // nil where there is nothing to find
	Newest     string // the addresses of the first page and the next, "" where there is none
	Older      string
	Owner      bool   // the reader owns what is shown, rather than being a stranger
	TotalsOnly bool   // activities may be counted but not shown
	Mapless    bool   // strangers are shown no routes
	Epoch      string // of the view that this is made of
	Seq        int64
	Now        time.Time

	status int // of the answer; 0 is 200
}

type pageData struct {
	Title     string
	Top       top
	Cards     []card
	Connected bool
	Filtered  bool
	Trouble   string
	pageInput
}

// page writes the whole page.
func (p *pages) page(in pageInput) ([]byte, error) {
	d := pageData{
		Top: p.newTop(in), pageInput: in,
		Connected: in.Status.State != musette.StateReconnect || in.Status.AsOf != nil,
	}
	d.Title = d.Top.Title
	if in.Find != nil {
		d.Filtered, d.Trouble = in.Find.Filtered, in.Find.Trouble
	}
	for _, a := range in.Activities {
		d.Cards = append(d.Cards, newCard(a, who(in.Names[a.AthleteID], len(in.Names) > 1), in.Owner, in.Units, in.Now, p.drawings))
	}
	return p.write("page", d)
}

// top writes the head of the page alone.
func (p *pages) top(in pageInput) ([]byte, error) { return p.write("top", p.newTop(in)) }

// card writes the card of the input's one activity.
func (p *pages) card(in pageInput) ([]byte, error) {
	a := in.Activities[0]
	return p.write("card", newCard(a, who(in.Names[a.AthleteID], len(in.Names) > 1), in.Owner, in.Units, in.Now, p.drawings))
}

// clock is the time in the zone of the newest activity.
func (in *pageInput) clock() time.Time {
	if in.Latest != nil {
		if zone, err := time.LoadLocation(in.Latest.Timezone); err == nil {
			return in.Now.In(zone)
		}
	}
	return in.Now.UTC()
}

// newTop says the clock's times in the zone of the newest activity; the browser moves them into its own.
func (p *pages) newTop(in pageInput) top {
	now := in.clock()
	h := newTop(in.Totals, &in.Status, in.Names, in.Owner, in.Units, now)
	h.Private = !in.Owner && !in.TotalsOnly && in.Latest != nil && in.Mapless
	return h
}

// login writes the page to sign in at, for somebody who may not see anything yet, unless something is public; trouble
// says why the last try failed, "" at first.
func (p *pages) login(public bool, trouble string) ([]byte, error) {
	title := "This page is private"
	if public {
		title = "Sign in"
	}
	return p.write("login", struct {
		Title   string
		Trouble []piece
	}{title, marked(trouble)})
}

// open writes the page that a one-time link leads to: the code is used by pressing, so that a preview doesn't.
func (p *pages) open(code string) ([]byte, error) {
	return p.write("open", struct{ Title, Code string }{"Open the page", code})
}

// message is a page that only says something.
type message struct {
	Heading string
	Text    string // commands stand between backquotes
	Home    bool   // shows the way to the activities
	Again   bool   // it is worth trying again by itself
}

func (m message) Title() string   { return m.Heading }
func (m message) Pieces() []piece { return marked(m.Text) }

func (p *pages) message(m message) ([]byte, error) { return p.write("message", m) }

func (p *pages) write(name string, data any) ([]byte, error) {
	var b bytes.Buffer
	if err := p.templates.ExecuteTemplate(&b, name, data); err != nil {
		return nil, fmt.Errorf("writing the %s as HTML: %w", name, err)
	}
	return b.Bytes(), nil
}

// drawings keeps routes as drawn, since drawing takes longer than everything else about a card.
type drawings struct {
	kept keep[drawing, template.HTML]
}

type drawing struct {
	lines, frame string
	svg.RouteOptions
}

const keptDrawings = 1000

func newDrawings() *drawings { return &drawings{keep[drawing, template.HTML]{limit: keptDrawings}} }

func (d *drawings) route(m *musette.Map, frame string, o svg.RouteOptions) template.HTML {
	lines := strings.Join(m.Lines(), " ")
	return d.kept.get(drawing{lines, frame, o}, func() template.HTML { return drawRoute(m, frame, o) })
}
