package season

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"
	"unicode"
)

// campaignStart is the day from which runs count towards the hospice's 1,000 km.
var campaignStart = time.Date(2025, time.May, 22, 0, 0, 0, 0, time.UTC)

// chronicle writes texts and gathers friends, activity by activity, oldest
// first; it remembers what the later texts refer to.
type chronicle struct {
	maker    *maker
	people   []Person
	live     bool    // after the season: no sums, since they would not add up
	runM     float64 // in the campaign
	thousand bool
	parkruns int
	best     time.Duration // at parkrun
	comments int64
}

func newChronicle(m *maker) *chronicle { return &chronicle{maker: m, people: m.people} }

// friends are those of an athlete, closest first.
func friends(seed uint64) []Person {
	list := append([]Person(nil), friendNames...)
	source(seed, 'F').Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

// telling is one activity being written about.
type telling struct {
	*chronicle
	a      *Activity
	s      slot
	r      *rand.Rand
	wall   time.Time // local start
	friend Person
	fill   *strings.Replacer
}

// tell gives an activity its name, description, photos, kudos and comments.
func (c *chronicle) tell(a Activity, s slot) Activity {
	r := source(c.maker.seed, 't', uint64(a.Start.Unix()), uint64(s.kind))
	t := telling{chronicle: c, a: &a, s: s, r: r, wall: s.where.zone.local(a.Start), friend: c.people[r.IntN(14)]}
	t.count()
	t.prepare()
	a.Name = t.title()
	if d := t.description(); d != "" {
		a.Description = &d
	}
	t.photos()
	t.friends()
	return a
}

// count adds the activity to what is remembered.
func (t *telling) count() {
	if t.s.kind == parkrun {
		t.parkruns++
	}
	if t.s.kind.isRun() && !t.a.Start.Before(campaignStart) {
		t.runM += t.a.Distance
	}
}

func (t *telling) prepare() {
	p := t.s.where
	route, name := pick(t.r, p.runs), ""
	if t.s.kind.isRide() {
		route = pick(t.r, p.rides)
	}
	hill := pick(t.r, p.hills)
	if rt := t.a.recipe.route; rt != nil {
		switch t.s.kind {
		case tenK, half, granFondo, parkrun:
			name = rt.name
		case trailRun, hillClimb, hiking:
			hill = rt.name
		default:
			route = rt.name
		}
	}
	km := fmt.Sprintf("%.0f km", math.Round(t.a.Distance/1000))
	if math.Mod(t.a.Distance, 1000) < 120 {
		km = fmt.Sprintf("%.0fK", math.Round(t.a.Distance/1000))
	}
	first, _, _ := strings.Cut(t.friend.First, " ")
	t.fill = strings.NewReplacer(
		"{route}", route, "{town}", p.city, "{friend}", first, "{cafe}", pick(t.r, p.cafes), "{club}", p.club,
		"{hill}", hill, "{swim}", p.swim, "{km}", km, "{park}", p.park, "{race}", name, "{hospice}", hospice,
		"{sum}", thousands(int(t.runM/1000)), "{left}", thousands(max(0, 1000-int(t.runM/1000))),
	)
}

// title is what the athlete typed, or what Strava proposes.
func (t *telling) title() string {
	text := pick(t.r, titles[t.s.kind])
	if text == "" {
		text = t.partOfDay() + " " + t.sportName()
	}
	if t.s.where != t.maker.town && t.s.kind.hasMap() && chance(t.r, 0.4) {
		text = "Holiday " + strings.ToLower(t.sportName()) + ", " + t.s.where.city
	}
	switch t.s.twist {
	case midnight:
		if t.wall.Hour() < 4 || t.wall.Hour() >= 22 {
			text = pick(t.r, []string{"Couldn't sleep", "Midnight run", "After the late shift"})
		}
	case emoji:
		text += pick(t.r, []string{" ☀️", " 🌧️☕", " 🎉"})
	}
	if t.s.kind == parkrun && (t.parkruns == 50 || t.parkruns == 100 || t.parkruns == 250) {
		text = fmt.Sprintf("parkrun number %d", t.parkruns)
	}
	return capital(t.fill.Replace(text))
}

func (t *telling) partOfDay() string {
	switch h := t.wall.Hour(); {
	case h < 4, h >= 22:
		return "Night"
	case h < 11:
		return "Morning"
	case h < 14:
		return "Lunch"
	case h < 17:
		return "Afternoon"
	default:
		return "Evening"
	}
}

func (t *telling) sportName() string {
	switch t.a.SportType {
	case "TrailRun":
		return "Trail Run"
	case "GravelRide":
		return "Gravel Ride"
	}
	return t.a.SportType
}

// description is "" for none.
func (t *telling) description() string {
	if special := t.special(); special != "" {
		return t.fill.Replace(special)
	}
	wanted := map[bool]float64{true: 0.34, false: 0.7}[t.a.Commute || t.s.kind == walking || t.s.kind == gym]
	if t.a.Race {
		wanted = 1
	}
	if t.s.twist == noText || !chance(t.r, wanted) {
		return ""
	}
	said := []string{pick(t.r, notes[t.s.kind])}
	if t.s.kind == parkrun {
		said = append(said, t.parkrunNews()...)
	}
	if t.s.kind.hasMap() && chance(t.r, 0.42) {
		said = append(said, pick(t.r, weather[t.season()]))
	}
	if chance(t.r, 0.33) {
		said = append(said, pick(t.r, extras))
	}
	text := ""
	for _, s := range said {
		if s != "" {
			text = strings.TrimSpace(text + " " + s)
		}
	}
	if p := t.plea(); p != "" {
		text += pick(t.r, []string{"\r\n\r\n", "\n\n", " "}) + p
	}
	return capital(t.fill.Replace(text))
}

// special is the text of a twist.
func (t *telling) special() string {
	switch t.s.twist {
	case lineBreaks:
		return pick(t.r, lineBreakTexts)
	case quotes:
		return pick(t.r, quoteTexts)
	case markup:
		return pick(t.r, markupTexts)
	case scripted:
		return pick(t.r, scriptTexts)
	case emoji:
		return pick(t.r, emojiTexts)
	case semicolons:
		return pick(t.r, semicolonTexts)
	}
	return ""
}

// parkrunNews says whether this was the fastest yet.
func (t *telling) parkrunNews() []string {
	was := t.best
	if was == 0 || t.a.Elapsed < was {
		t.best = t.a.Elapsed
	}
	if was == 0 || t.a.Elapsed >= was || t.parkruns < 3 {
		return nil
	}
	return []string{fmt.Sprintf("Best so far by %d s.", int((was - t.a.Elapsed).Seconds()))}
}

// plea is a line for the charity, now and then.
func (t *telling) plea() string {
	if t.live || !t.s.kind.isRun() || t.runM == 0 {
		return ""
	}
	if t.runM >= 1e6 {
		if !t.thousand {
			t.thousand = true
			return "And that is 1,000 km for {hospice}. I don't know what to say, so: thank you. Anything from here is a bonus."
		}
		return ""
	}
	if !chance(t.r, 0.36) {
		return ""
	}
	return pick(t.r, pleas)
}

// season is the one where the activity was.
func (t *telling) season() season {
	month := int(t.wall.Month())
	if t.s.where.south {
		month += 6
	}
	return season((month + 9) % 12 / 3)
}

func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d,%03d", n/1000, n%1000)
}

// capital makes the first letter a capital, unless it's parkrun's.
func capital(s string) string {
	if strings.HasPrefix(s, "parkrun") {
		return s
	}
	r := []rune(s)
	r[0] = unicode.ToUpper(r[0])
	return string(r)
}
