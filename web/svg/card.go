package svg

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"musette/track"
)

// CardOptions says how a card looks. A card is a file of its own, [CardWidth] pixels wide.
type CardOptions struct {
	Title string // its accessible name
	Theme string // "light", "dark", or else what the visitor's system prefers
}

// CardWidth is how wide cards are, in pixels.
const CardWidth = 640

// Row is one activity in a list. Texts may be any: what doesn't fit is cut off, with an ellipsis.
type Row struct {
	Above, Name string
	Figures     []Figure
	Pieces      [][]track.Point // of its route, without dots at its ends
	Family      string          // of sports, which gives the colour: foot, wheel, water, winter, gym
}

// Figure is a number with its unit, and what it is of.
type Figure struct{ Label, Value string }

const (
	rowHeight  = 132
	routeWidth = 176
	inset      = 20
)

// Rows draws activities one below the other.
func Rows(rows []Row, o CardOptions) []byte {
	c := newCanvas(rowHeight*len(rows), o)
	for i, r := range rows {
		y, right := i*rowHeight, CardWidth-inset
		if c.route(r, y) {
			right -= routeWidth
		}
		c.text(inset, y+34, 13, "soft", "", cut(r.Above, 13, right-inset))
		c.text(inset, y+61, 20, "ink", "700", cut(r.Name, 21, right-inset))
		x := inset
		for _, f := range r.Figures {
			value := cut(f.Value, 18, right-x)
			c.text(x, y+90, 13, "soft", "", cut(f.Label, 13, right-x))
			c.text(x, y+113, 18, "ink", "600", value)
			if x += max(width(value, 19), width(f.Label, 13)) + 28; x > right-60 {
				break
			}
		}
		if i > 0 {
			c.printf(`<path d="M0 %d.5h%d" class="rule-s" stroke="%s"/>`, y, CardWidth, c.colour("rule"))
		}
	}
	return c.done()
}

const (
	mapHeight   = 400
	captionRoom = 48
	threadRoute = 100 // points of each route, at most
)

// Map draws routes on one ground, the bold one last, with a caption below them; nil where there is nothing to draw.
func Map(threads []Thread, caption string, o CardOptions) []byte {
	g := newGauge(CardWidth, mapHeight)
	g.pad = min(g.pad, mostAir)
	pieces, of := [][]track.Point(nil), []Thread(nil)
	for _, bold := range []bool{false, true} {
		for _, t := range threads {
			if t.Bold != bold {
				continue
			}
			for _, piece := range thin(t.Pieces, threadRoute) {
				pieces, of = append(pieces, piece), append(of, t)
			}
		}
	}
	if len(pieces) == 0 {
		return nil
	}
	scale := g.scale(track.Project(slices.Concat(pieces...)))
	for i := range pieces {
		pieces[i] = track.Simplify(pieces[i], finest/scale)
	}
	c := newCanvas(mapHeight+captionRoom, o)
	c.printf(`<rect width="%d" height="%d" class="ground" fill="%s"/>`, CardWidth, mapHeight, c.colour("ground"))
	for i, line := range g.fitAll(pieces) {
		role, look := family(strings.TrimPrefix(of[i].Class, "sport-")), `stroke-width="1.6" stroke-opacity=".55"`
		if of[i].Bold {
			look = `stroke-width="3.2"`
		}
		c.printf(`<path fill="none" class="%s-s" stroke="%s" %s stroke-linecap="round" stroke-linejoin="round" d="`, role, c.colour(role), look)
		writeStraight(&c.b, line)
		c.printf(`"/>`)
	}
	c.text(inset, mapHeight+30, 13, "soft", "", cut(caption, 13, CardWidth-2*inset))
	return c.done()
}

// Sum is a total, with the goal if there is one.
type Sum struct {
	Far, Of, Below string  // "1,887", "of 2,000 km", "115 activities"
	Share          float64 // of the goal, 0 to 1; below 0 there is none
	Family         string
}

const (
	barLeft, barTop, barHeight = inset, 78, 12
	barWidth                   = CardWidth - 2*inset
)

// Sums draws a total.
func Sums(s Sum, o CardOptions) []byte {
	height := 136
	if !(s.Share >= 0) {
		height = 108
	}
	c := newCanvas(height, o)
	c.text(inset, 56, 36, "ink", "700", cut(s.Far, 38, barWidth), cut(s.Of, 18, barWidth/2))
	if s.Share >= 0 {
		bar := func(w float64, role string) {
			c.printf(`<rect x="%d" y="%d" width="%.1f" height="%d" rx="6" class="%s" fill="%s"/>`, barLeft, barTop, w, barHeight, role, c.colour(role))
		}
		bar(barWidth, "rule")
		if s.Share > 0 {
			bar(max(barHeight, min(s.Share, 1)*barWidth), family(s.Family))
		}
	}
	c.text(inset, height-22, 13, "soft", "", cut(s.Below, 13, barWidth))
	return c.done()
}

// Saying draws one sentence, which is its accessible name too.
func Saying(text string, o CardOptions) []byte {
	o.Title = text
	c := newCanvas(64, o)
	c.text(inset, 38, 15, "soft", "", cut(text, 15, CardWidth-2*inset))
	return c.done()
}

// roles are the colours of what is on a card, in light and dark. Families of sports are roles too.
var roles = func() map[string][2]string {
	m := map[string][2]string{
		"card": {"#fffefc", "#24272b"}, "ground": {lightGround, darkGround}, "rule": {"#e0dcd3", "#363a40"},
		"ink": {"#1f2328", "#eceef0"}, "soft": {"#5b626b", "#a9b0b8"}, "none": {"#33373d", "#dcdfe4"},
	}
	for class, pair := range inks {
		m[strings.TrimPrefix(class, "sport-")] = pair
	}
	return m
}()

// family is a family's role.
func family(name string) string {
	if _, ok := inks["sport-"+name]; ok {
		return name
	}
	return "none"
}

type canvas struct {
	b      bytes.Buffer
	theme  string
	height int
}

// newCanvas begins a card. Colours stand as attributes; where the visitor's system decides, a style changes them.
func newCanvas(height int, o CardOptions) *canvas {
	c := &canvas{theme: o.Theme, height: height}
	c.printf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" role="img"><title>`, CardWidth, height)
	writeText(&c.b, clean(o.Title))
	c.printf(`</title>`)
	if c.theme != "light" && c.theme != "dark" {
		c.printf(`<style>@media(prefers-color-scheme:dark){`)
		for _, role := range sortedRoles {
			c.printf(`.%s{fill:%[2]s}.%[1]s-s{stroke:%[2]s}`, role, roles[role][1])
		}
		c.printf(`}</style>`)
	}
	c.printf(`<clipPath id="edge"><rect width="%d" height="%d" rx="12"/></clipPath><g clip-path="url(#edge)">`, CardWidth, height)
	c.printf(`<rect width="%d" height="%d" class="card" fill="%s"/>`, CardWidth, height, c.colour("card"))
	return c
}

var sortedRoles = func() (list []string) {
	for role := range roles {
		list = append(list, role)
	}
	slices.Sort(list)
	return list
}()

func (c *canvas) colour(role string) string {
	if c.theme == "dark" {
		return roles[role][1]
	}
	return roles[role][0]
}

func (c *canvas) printf(format string, args ...any) { fmt.Fprintf(&c.b, format, args...) }

// text writes one line; its left end and its foot stand at x and y. What is beside it is smaller and soft.
func (c *canvas) text(x, y, size int, role, weight, text string, beside ...string) {
	if text == "" {
		return
	}
	if weight != "" {
		weight = ` font-weight="` + weight + `"`
	}
	c.printf(`<text x="%d" y="%d" font-size="%d"%s font-family="-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,'Noto Sans',Helvetica,Arial,sans-serif" class="%s" fill="%s">`,
		x, y, size, weight, role, c.colour(role))
	writeText(&c.b, text)
	for _, small := range beside {
		c.printf(`<tspan dx="8" font-size="%d" font-weight="400" class="soft" fill="%s">`, size/2, c.colour("soft"))
		writeText(&c.b, small)
		c.printf(`</tspan>`)
	}
	c.printf(`</text>`)
}

// route draws a row's route on its ground at the right; false where there is none.
func (c *canvas) route(r Row, y int) bool {
	g := newGauge(routeWidth, rowHeight)
	lines := g.layOut(r.Pieces, maxRoutePoints)
	if len(lines) == 0 {
		return false
	}
	role := family(r.Family)
	c.printf(`<g transform="translate(%d %d)"><rect width="%d" height="%d" class="ground" fill="%s"/>`, CardWidth-routeWidth, y, routeWidth, rowHeight, c.colour("ground"))
	c.printf(`<path fill="none" class="%s-s" stroke="%s" stroke-width="2.5" stroke-linecap="round" stroke-linejoin="round" d="`, role, c.colour(role))
	for _, line := range lines {
		writePath(&c.b, line, g.bend)
	}
	c.printf(`"/></g>`)
	return true
}

func (c *canvas) done() []byte {
	c.printf(`</g><rect x=".5" y=".5" width="%d" height="%d" rx="11.5" fill="none" class="rule-s" stroke="%s"/></svg>`, CardWidth-1, c.height-1, c.colour("rule"))
	return c.b.Bytes()
}

// mostRunes of a text are looked at; no card has room for more.
const mostRunes = 200

// clean is text on one line, without what isn't to be seen and what turns the direction of what follows.
func clean(text string) string {
	var b strings.Builder
	n, space := 0, false
	for _, r := range text {
		if n++; n > mostRunes {
			break
		}
		switch {
		case unicode.IsSpace(r):
			space = true
		case unicode.Is(unicode.Bidi_Control, r), unicode.IsControl(r), r == '\ufeff':
		default:
			if space && b.Len() > 0 {
				b.WriteByte(' ')
			}
			space = false
			b.WriteRune(r)
		}
	}
	return b.String()
}

// cut is clean text that fits into so many pixels.
func cut(text string, size, room int) string {
	text = clean(text)
	if width(text, size) <= room {
		return text
	}
	runes := []rune(text)
	for len(runes) > 0 && width(string(runes)+"…", size) > room {
		runes = runes[:len(runes)-1]
	}
	return strings.TrimRight(string(runes), " ") + "…"
}

// width is about how many pixels a text takes. The fonts are the visitor's: it errs on the wide side.
func width(text string, size int) int {
	em := 0.0
	for _, r := range text {
		switch {
		case unicode.Is(unicode.Mn, r):
		case strings.ContainsRune("iljt.,:;'|!I ·", r):
			em += 0.31
		case strings.ContainsRune("mwMW@%…", r):
			em += 0.95
		case r >= 0x2e80:
			em += 1.05
		case unicode.IsUpper(r):
			em += 0.7
		default:
			em += 0.57
		}
	}
	return int(em * float64(size))
}
