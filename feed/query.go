package feed

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"musette"
)

// How many activities a page has.
const (
	DefaultLimit = 50
	MaxLimit     = 500
)

// Query says which activities are asked for. The zero value asks for the first page of what the public sees.
type Query struct {
	Reader Reader
	Limit  int    // 1 to [MaxLimit]; 0 is [DefaultLimit]
	Cursor string // [Page.Next] of the page before; "" is the first page

	Types        []string // sport types or legacy types, any of them
	From, To     Bound    // see Bound
	MinDistanceM *float64
	MaxDistanceM *float64
	Has          []string // of photos, map, description, comments: all of them
	AthleteID    int64    // 0 is every athlete
	Text         string   // in name or description, in any case
}

// Bound is one end of a time range: an instant, a local date "2026-05-22", or none. As the lower end both are
// inclusive. As the upper end an instant is exclusive, and a date includes that day.
type Bound struct {
	At   time.Time
	Date string
}

func (b Bound) none() bool { return b.Date == "" && b.At.IsZero() }

func (b Bound) String() string {
	if b.Date == "" && !b.At.IsZero() {
		return b.At.UTC().Format(time.RFC3339Nano)
	}
	return b.Date
}

// Page is one page of activities.
type Page struct {
	Entries []*Entry
	Next    string // the cursor of the next page, "" on the last
}

// A matcher is a query made ready for scanning.
type matcher struct {
	Query
	text   string
	lowest int64 // no match starts before this Unix time
}

func newMatcher(q Query) matcher {
	m := matcher{Query: q, text: strings.ToLower(q.Text), lowest: math.MinInt64}
	if day, err := time.Parse(time.DateOnly, q.From.Date); err == nil {
		m.lowest = day.Add(-24 * time.Hour).Unix() // no zone is further from UTC than that
	} else if !q.From.At.IsZero() {
		m.lowest = q.From.At.Unix()
	}
	return m
}

// athlete is whose activities to scan, 0 for all; false if there can be none.
func (m *matcher) athlete() (int64, bool) {
	bound := m.Reader.AthleteID
	if !m.Reader.Owner || bound == 0 {
		return m.AthleteID, true
	}
	return bound, m.AthleteID == 0 || m.AthleteID == bound
}

// match reports whether a, which is e as the reader sees it, is asked for.
func (m *matcher) match(e *Entry, a *musette.Activity) bool {
	switch {
	case m.MinDistanceM != nil && a.DistanceM < *m.MinDistanceM,
		m.MaxDistanceM != nil && a.DistanceM > *m.MaxDistanceM,
		!m.From.none() && !m.From.startsBy(a),
		!m.To.none() && !m.To.endsAfter(a),
		len(m.Types) > 0 && !slices.ContainsFunc(m.Types, a.IsType):
		return false
	}
	for _, what := range m.Has {
		if !has(a, what) {
			return false
		}
	}
	text := e.text
	if !m.Reader.Owner {
		text = e.pubText
	}
	return m.text == "" || strings.Contains(text, m.text)
}

func (b Bound) startsBy(a *musette.Activity) bool {
	if b.Date != "" {
		return a.StartLocal >= b.Date
	}
	return !a.Start.Before(b.At)
}

func (b Bound) endsAfter(a *musette.Activity) bool {
	if b.Date != "" {
		return a.StartLocal[:min(len(a.StartLocal), len(b.Date))] <= b.Date
	}
	return a.Start.Before(b.At)
}

func has(a *musette.Activity, what string) bool {
	switch what {
	case "photos":
		return len(named(a.Photos)) > 0
	case "map":
		return a.Map != nil
	case "description":
		return a.Description != nil
	case "comments":
		return len(a.Comments) > 0
	}
	return false
}

// Filtered reports whether the query asks for less than everything.
func (q *Query) Filtered() bool {
	return len(q.Types) > 0 || !q.From.none() || !q.To.none() || q.MinDistanceM != nil || q.MaxDistanceM != nil ||
		len(q.Has) > 0 || q.AthleteID != 0 || q.Text != ""
}

// filters is the same text for queries that ask for the same activities, whichever page and reader.
func (q *Query) filters() string {
	types := slices.Clone(q.Types)
	for i := range types {
		types[i] = strings.ToLower(types[i])
	}
	return fmt.Sprintf("%q %s %s %s %s %q %d %q", sortedSet(types), q.From, q.To,
		number(q.MinDistanceM), number(q.MaxDistanceM), sortedSet(slices.Clone(q.Has)), q.AthleteID, strings.ToLower(q.Text))
}

func sortedSet(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

func number(f *float64) string {
	if f == nil {
		return "-"
	}
	return fmt.Sprint(*f)
}
