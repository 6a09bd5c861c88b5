package web

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"musette"
)

const weeksShown = 12

// top is the head of the page: whose season, how far, how things stand.
type top struct {
	Title  string
	Family string // of the sport with the most distance; colours the bars

	Far    figure // the total distance
	Goal   string // "of 1,000 km"; "" without a goal
	InFull string // "412 of 1,000 km"
	Done   int    // metres towards the goal, at most GoalM
	GoalM  int
	Sums   []string // "41 activities", "52 h 10 min", "4,120 m of climb"

	Weeks     []weekBar
	WeeksAlt  string
	FirstWeek string // the day that the first bar's week begins
	ThisWeek  figure
	Quiet     []sentence // about the state, where nothing is amiss
	State     []sentence // and where something is
	Private   bool       // strangers are told what only the owner sees
}

// weekBar is one bar of the weekly chart, in the units of its drawing.
type weekBar struct {
	X, Y, Height int
	Now          bool
	Empty        bool
	Most         string // "52 km" at the highest bar
}

// The weekly chart: bars of barWidth, barStep apart, chartHeight high at most.
const (
	barWidth, barStep = 16, 22
	chartHeight       = 44
	leastBar          = 2 // so that a short week is seen
	emptyBar          = 3 // high enough to be hollow
)

// newTop says what the head of the page says. now is in the zone whose weeks and clock count.
func newTop(t musette.Totals, st *musette.Status, names map[int64]string, owner bool, u units, now time.Time) top {
	h := top{Title: title(names), Far: u.whole(t.DistanceM), Family: "none"}
	if len(t.ByType) > 0 {
		h.Family = musette.Family(t.ByType[0].Type)
	}
	if t.GoalM > 0 {
		// Both in one unit, and rounded down: a goal is reached when it is.
		metres, name := u.long()
		if t.GoalM < metres {
			metres, name = 1, "m"
		}
		goal := thousands(int(t.GoalM/metres + 0.5))
		if t.GoalM < 10*metres && metres > 1 {
			goal = u.distance(t.GoalM).Value
		}
		h.Far = figure{thousands(int(t.DistanceM / metres)), ""}
		h.Goal = "of " + goal + " " + name
		h.InFull = h.Far.Value + " " + h.Goal
		h.GoalM, h.Done = int(t.GoalM), int(min(t.DistanceM, t.GoalM))
	}
	if t.Count > 0 {
		h.Sums = append(h.Sums, activities(t.Count))
		if t.MovingS > 0 {
			h.Sums = append(h.Sums, inWords(roundHours(t.MovingS)))
		}
		if t.ClimbM > 0 {
			h.Sums = append(h.Sums, inWords([]figure{u.height(float64(t.ClimbM))})+" of climb")
		}
	}
	h.weeks(t.ByWeek, u, now)
	for _, line := range (speaker{now, owner}).say(st) {
		if line.Tone == "quiet" {
			h.Quiet = append(h.Quiet, line)
		} else {
			h.State = append(h.State, line)
		}
	}
	return h
}

func activities(n int) string {
	if n == 1 {
		return "1 activity"
	}
	return thousands(n) + " activities"
}

// title says whose season it is, as far as they may be named.
func title(names map[int64]string) string {
	if len(names) > 1 {
		return "Our season"
	}
	for _, name := range names {
		if first := firstName(name); first != "" {
			return first + "’s season"
		}
	}
	return "The season"
}

func firstName(name string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(name), " ")
	return first
}

// who says which athlete an activity is by: the first name, with the first letter of the last where there are several.
func who(name string, several bool) string {
	first, last := firstName(name), ""
	if i := strings.LastIndexByte(strings.TrimSpace(name), ' '); i > 0 && several {
		for _, r := range strings.TrimSpace(name)[i+1:] {
			last = " " + string(r) + "."
			break
		}
	}
	return first + last
}

// roundHours leaves the minutes out where there are ten hours or more.
func roundHours(seconds int) []figure {
	if seconds >= 36_000 {
		return []figure{{thousands((seconds + 1800) / 3600), "h"}}
	}
	return duration(seconds)
}

func inWords(f []figure) string {
	var words []string
	for _, p := range f {
		words = append(words, p.Value+" "+p.Unit)
	}
	return strings.Join(words, " ")
}

// weeks draws the last twelve weeks; nothing if nothing happened in them.
func (h *top) weeks(byWeek []musette.WeekSum, u units, now time.Time) {
	metres, name := u.long()
	sums := map[string]float64{}
	for _, w := range byWeek {
		sums[w.Week] = w.DistanceM
	}
	var far [weeksShown]float64
	most, highest := 0.0, 0
	for i := range far {
		year, week := now.AddDate(0, 0, -7*(weeksShown-1-i)).ISOWeek()
		far[i] = sums[fmt.Sprintf("%d-W%02d", year, week)]
		if far[i] > most {
			most, highest = far[i], i
		}
	}
	if most <= 0 {
		return
	}
	said := make([]string, weeksShown)
	for i, m := range far {
		height := max(leastBar, int(m/most*chartHeight+0.5))
		if m == 0 {
			height = emptyBar
		}
		h.Weeks = append(h.Weeks, weekBar{X: i * barStep, Y: chartHeight - height, Height: height, Now: i == weeksShown-1, Empty: m == 0})
		said[i] = strconv.Itoa(int(m/metres + 0.5))
	}
	if highest < weeksShown-1 { // this week's is said anyway
		h.Weeks[highest].Most = inWords([]figure{u.distance(most)})
	}
	first := now.AddDate(0, 0, -7*(weeksShown-1))
	h.FirstWeek = first.AddDate(0, 0, -(int(first.Weekday())+6)%7).Format("2 January")
	longName := map[string]string{"km": "Kilometres", "mi": "Miles"}[name]
	h.WeeksAlt = longName + " a week, the last twelve weeks: " + strings.Join(said, ", ")
	h.ThisWeek = u.distance(far[weeksShown-1])
	if far[weeksShown-1] == 0 {
		h.ThisWeek = figure{"0", name}
	}
}

func (weekBar) Width() int { return barWidth }
