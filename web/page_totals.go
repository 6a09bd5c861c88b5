package web

import (
	"fmt"
	"html/template"
	"net/http"
	"time"

	"musette"
	"musette/feed"
	"musette/web/svg"
)

// totalsPage is what adds up: the season, its weeks and months, and the year against the one before.
type totalsPage struct {
	shell
	Title  string
	Top    top
	Year   *yearChart
	Months *barChart
	Weeks  *barChart
	Sports []sumRow
	Unit   string
}

// chart is one drawing, made for a phone and for a desk.
type chart struct{ Narrow, Wide template.HTML }

type barChart struct {
	chart
	Said string
	Rows []sumRow
}

type yearChart struct {
	chart
	Said string
	Two  bool // something happened last year, too
	Rows []yearRow
}

// sumRow is a line of a table.
type sumRow struct{ Name, Count, Distance, Time, Climb string }

type yearRow struct{ Week, Now, Then string }

// The sizes of charts.
const (
	narrowChart, wideChart = 340, 1040
	chartTall              = 220
	monthsCharted          = 12
	weeksNarrow, weeksWide = 26, 52
)

// pageTotals answers with the totals.
func (s *Server) pageTotals(w http.ResponseWriter, r *http.Request) error {
	return s.sendPage(w, r, "totals", func(in *pageInput, _ *feed.View, _ feed.Reader) ([]byte, error) {
		t, now := in.Totals, in.clock()
		_, unit := in.Units.long()
		p := &totalsPage{
			shell: in.shell, Top: sitePages().newTop(*in), Unit: unit,
			Year: newYear(t.ByWeek, in.Units, now), Months: newMonths(t.ByMonth, in.Units, now), Weeks: newWeeks(t.ByWeek, in.Units, now),
		}
		p.Title = "Totals · " + p.Top.Title
		p.Top.Weeks, p.Top.Private = nil, false
		for _, x := range t.ByType {
			p.Sports = append(p.Sports, newSumRow(sport(x.Type), x.Sum, in.Units))
		}
		return sitePages().write("totals", p)
	})
}

func newSumRow(name string, s musette.Sum, u units) sumRow {
	row := sumRow{Name: name, Count: thousands(s.Count), Time: inWords(roundHours(s.MovingS))}
	if s.DistanceM >= 1 {
		row.Distance = inWords([]figure{u.distance(s.DistanceM)})
	}
	if s.ClimbM > 0 {
		row.Climb = inWords([]figure{u.height(float64(s.ClimbM))})
	}
	return row
}

// drawn are bars as a phone and a desk show them; narrow are the last so many.
func drawn(bars []svg.Bar, narrow int, title string) chart {
	draw := func(bars []svg.Bar, width int) template.HTML {
		return template.HTML(svg.Bars(bars, svg.ChartOptions{Width: width, Height: chartTall, Title: title})) //nolint:gosec // svg writes every text escaped
	}
	return chart{draw(bars[max(0, len(bars)-narrow):], narrowChart), draw(bars, wideChart)}
}

// newMonths draws the last twelve months; nil if nothing happened in them.
func newMonths(sums []musette.MonthSum, u units, now time.Time) *barChart {
	by := map[string]musette.Sum{}
	for _, m := range sums {
		by[m.Month] = m.Sum
	}
	c := &barChart{}
	var bars []svg.Bar
	first := time.Date(now.Year(), now.Month()-monthsCharted+1, 1, 0, 0, 0, 0, time.UTC)
	for i := range monthsCharted {
		month := first.AddDate(0, i, 0)
		sum := by[month.Format("2006-01")]
		bars = append(bars, svg.Bar{Value: sum.DistanceM, Label: month.Format("Jan"), Now: i == monthsCharted-1})
		c.Rows = append(c.Rows, newSumRow(month.Format("January 2006"), sum, u))
	}
	return c.finish(bars, monthsCharted, "month", u)
}

// newWeeks draws the last year of weeks; nil if nothing happened in them.
func newWeeks(sums []musette.WeekSum, u units, now time.Time) *barChart {
	by := map[string]musette.Sum{}
	for _, w := range sums {
		by[w.Week] = w.Sum
	}
	c := &barChart{}
	var bars []svg.Bar
	month := time.Month(0)
	for i := range weeksWide {
		day := now.AddDate(0, 0, -7*(weeksWide-1-i))
		monday := day.AddDate(0, 0, -(int(day.Weekday())+6)%7)
		year, week := day.ISOWeek()
		sum := by[fmt.Sprintf("%04d-W%02d", year, week)]
		bar := svg.Bar{Value: sum.DistanceM, Now: i == weeksWide-1}
		if monday.Month() != month && monday.Day() <= 7 {
			bar.Label, month = monday.Format("Jan"), monday.Month()
		}
		bars = append(bars, bar)
		if sum.Count > 0 {
			c.Rows = append(c.Rows, newSumRow(monday.Format("2 January 2006"), sum, u))
		}
	}
	return c.finish(bars, weeksNarrow, "week", u)
}

// finish says the most and the latest, and draws.
func (c *barChart) finish(bars []svg.Bar, narrow int, what string, u units) *barChart {
	most, total := 0, 0.0
	for i, b := range bars {
		total += b.Value
		if b.Value > bars[most].Value {
			most = i
		}
	}
	if total <= 0 {
		return nil
	}
	now := inWords([]figure{u.whole(bars[len(bars)-1].Value)})
	bars[most].Note = inWords([]figure{u.whole(bars[most].Value)})
	c.Said = now + " this " + what + " so far."
	c.chart = drawn(bars, narrow, "Distance by "+what+": "+c.Said+" The most was "+bars[most].Note+".")
	return c
}

const weeksInYear = 53

// newYear draws this year up to now against all of the last, by ISO weeks; nil if nothing happened in either.
func newYear(sums []musette.WeekSum, u units, now time.Time) *yearChart {
	year, week := now.ISOWeek()
	at := func(year int) (by [weeksInYear + 1]float64, all float64) {
		for _, w := range sums {
			var y, n int
			if k, err := fmt.Sscanf(w.Week, "%d-W%d", &y, &n); err == nil && k == 2 && y == year && n >= 1 && n <= weeksInYear {
				by[n] = w.DistanceM
				all += w.DistanceM
			}
		}
		return by, all
	}
	now0, _ := at(year)
	then0, before := at(year - 1)
	last := weeksInYear
	if then0[weeksInYear] == 0 {
		last--
	}
	last = max(last, week)
	thisYear := svg.Line{Now: true, Values: []float64{0}}
	lastYear := svg.Line{Values: []float64{0}}
	c := &yearChart{}
	sumNow, sumThen, byNow := 0.0, 0.0, 0.0
	for n := 1; n <= last; n++ {
		sumThen += then0[n]
		lastYear.Values = append(lastYear.Values, sumThen)
		row := yearRow{Week: fmt.Sprint(n), Then: inWords([]figure{u.whole(sumThen)})}
		if n <= week {
			sumNow += now0[n]
			thisYear.Values = append(thisYear.Values, sumNow)
			row.Now = inWords([]figure{u.whole(sumNow)})
			byNow = sumThen
		}
		c.Rows = append(c.Rows, row)
	}
	if sumNow+before <= 0 {
		return nil
	}
	thisYear.Label = fmt.Sprintf("%d: %s", year, inWords([]figure{u.whole(sumNow)}))
	lines := []svg.Line{thisYear}
	c.Said = inWords([]figure{u.whole(sumNow)}) + " so far this year."
	if before > 0 {
		lastYear.Label = fmt.Sprintf("%d: %s", year-1, inWords([]figure{u.whole(before)}))
		lines, c.Two = []svg.Line{lastYear, thisYear}, true
		more, less := sumNow-byNow, ""
		if less = "more"; more < 0 {
			more, less = -more, "less"
		}
		c.Said = fmt.Sprintf("%s so far this year, %s %s than by this week of %d.",
			inWords([]figure{u.whole(sumNow)}), inWords([]figure{u.whole(more)}), less, year-1)
	}
	var below []string
	for m := time.January; m <= time.December; m++ {
		below = append(below, m.String()[:3])
	}
	draw := func(width int) template.HTML {
		return template.HTML(svg.Lines(lines, last+1, below, svg.ChartOptions{Width: width, Height: chartTall + 40, Title: c.Said})) //nolint:gosec // as above
	}
	c.chart = chart{draw(narrowChart), draw(wideChart)}
	return c
}
