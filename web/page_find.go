package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"musette/feed"
)

// wanted is what a page's address asks for, by the names that /v1/feed has.
type wanted struct {
	query   feed.Query
	values  url.Values // what was said, but for the cursor and what is empty
	trouble string     // what isn't right about it; then there is no query
}

// askedOf reads a page's address. Fields of the form that were left empty and others' marks in a shared link, such as
// fbclid, are let be. An error is about a cursor; what else isn't right is told beside the form.
func askedOf(r *http.Request, view *feed.View, reader feed.Reader) (wanted, error) {
	given, err := query(r)
	if err != nil {
		return wanted{}, err
	}
	asked := wanted{query: feed.Query{Reader: reader, Cursor: given.Get("cursor")}, values: url.Values{}}
	if !showsActivities(view, reader) {
		return asked, nil
	}
	for _, name := range feed.FilterParams {
		for _, v := range given[name] {
			if v = strings.TrimSpace(v); v != "" {
				asked.values.Add(name, v)
			}
		}
	}
	q, err := feed.ParseQuery(asked.values, feed.FilterParams...)
	var param *feed.ParamError
	switch {
	case errors.As(err, &param):
		asked.trouble = troubles[param.Param]
		return asked, nil
	case err != nil:
		return wanted{}, err
	}
	q.Reader, q.Cursor = reader, asked.query.Cursor
	asked.query = q
	return asked, nil
}

// troubles say what a field may hold, to somebody who wrote something else.
var troubles = map[string]string{
	"type":           "The sports are named as Strava does, such as Run or TrailRun.",
	"from":           "The first day is a date such as 2026-05-22.",
	"to":             "The last day is a date such as 2026-05-22, and not before the first.",
	"min_distance_m": "The least distance is a number of metres, such as 5000.",
	"max_distance_m": "The greatest distance is a number of metres, such as 10000, and not below the least.",
	"has":            "What an activity can have is photos, a map, a description or comments.",
	"athlete":        "An athlete is told by the number that Strava has for them.",
	"q":              "The words to look for can be 200 characters long.",
}

// address is that of a page of the same activities.
func (a *wanted) address(path, cursor string) string {
	values := url.Values{}
	for name, list := range a.values {
		values[name] = list
	}
	if cursor != "" {
		values.Set("cursor", cursor)
	}
	if len(values) == 0 {
		return path
	}
	return path + "?" + values.Encode()
}

// find is the form with which activities are looked for.
type find struct {
	Action    string
	Q         string
	From, To  day
	Types     []choice
	Min, Max  []choice
	Has       []choice
	Athletes  []choice // none where there is only one
	Set       int      // how many fields but the words are set
	Filtered  bool
	Trouble   string
	Found     []string // "12 activities", "104 km"
	Elsewhere []way    // the same activities on other pages
}

// A choice is one that a form offers.
type choice struct {
	Value, Text string
	Chosen      bool
}

// A day is a field for one; an instant is a text.
type day struct{ Value, Kind string }

// form is the form that asks for the same; nil where the reader sees no activities.
func (a *wanted) form(in *pageInput, action string) *find {
	if in.TotalsOnly {
		return nil
	}
	f := &find{
		Action: action, Q: a.values.Get("q"), From: dayOf(a.values.Get("from")), To: dayOf(a.values.Get("to")), Trouble: a.trouble,
		Min:      lengths(in.Units, a.values.Get("min_distance_m")),
		Max:      lengths(in.Units, a.values.Get("max_distance_m")),
		Filtered: len(a.values) > 0,
	}
	for name := range a.values {
		if name != "q" {
			f.Set++
		}
	}
	types := listItems(a.values["type"])
	for _, t := range in.Totals.ByType {
		f.Types = append(f.Types, choice{t.Type, sport(t.Type), slices.ContainsFunc(types, func(s string) bool { return strings.EqualFold(s, t.Type) })})
	}
	for _, t := range types { // a legacy type, or one that isn't here
		if !slices.ContainsFunc(f.Types, func(c choice) bool { return strings.EqualFold(c.Value, t) }) {
			f.Types = append(f.Types, choice{t, sport(t), true})
		}
	}
	has := listItems(a.values["has"])
	for _, c := range []choice{{Value: "photos", Text: "Photos"}, {Value: "map", Text: "Map"}, {Value: "description", Text: "Description"}, {Value: "comments", Text: "Comments"}} {
		c.Chosen = slices.Contains(has, c.Value)
		f.Has = append(f.Has, c)
	}
	if len(in.Names) > 1 {
		for id, name := range in.Names {
			text := strconv.FormatInt(id, 10)
			f.Athletes = append(f.Athletes, choice{text, nameOr(who(name, true), text), a.values.Get("athlete") == text})
		}
		slices.SortFunc(f.Athletes, func(a, b choice) int { return strings.Compare(a.Text, b.Text) })
	}
	return f
}

// tell says what was found, where something was looked for, and where else it is shown.
func (f *find) tell(view *feed.View, a *wanted, u units, elsewhere way) {
	if f == nil || !f.Filtered {
		return
	}
	sum := view.Totals(a.query)
	if sum.Count == 0 {
		return
	}
	f.Found = []string{activities(sum.Count), inWords([]figure{u.whole(sum.DistanceM)})}
	f.Elsewhere = []way{elsewhere, {Href: f.Action, Text: "Show everything"}}
}

func dayOf(value string) day {
	if _, err := time.Parse(time.DateOnly, value); err != nil && value != "" {
		return day{value, "text"}
	}
	return day{value, "date"}
}

func listItems(values []string) (list []string) {
	for _, v := range values {
		for item := range strings.SplitSeq(v, ",") {
			if item = strings.TrimSpace(item); item != "" {
				list = append(list, item)
			}
		}
	}
	return list
}

// roundLengths are distances that people look for, in kilometres and in miles.
var roundLengths = map[units][]float64{
	metric:   {1000, 3000, 5000, 10_000, 15_000, 21_000, 30_000, 42_000, 50_000, 100_000, 200_000},
	imperial: {1, 3, 5, 6, 10, 13, 20, 26, 30, 60, 100},
}

// lengths are the distances to choose from, and the one that was asked for.
func lengths(u units, chosen string) []choice {
	scale := 1.0
	if u == imperial {
		scale = metresInMile
	}
	var list []choice
	found := chosen == ""
	for _, n := range roundLengths[u] {
		value := strconv.FormatFloat(n*scale, 'f', -1, 64)
		f := u.whole(n * scale)
		if metres, name := u.long(); n*scale < 10*metres {
			f = figure{strconv.FormatFloat(n*scale/metres, 'f', 0, 64), name}
		}
		list = append(list, choice{value, inWords([]figure{f}), value == chosen})
		found = found || value == chosen
	}
	if m, err := strconv.ParseFloat(chosen, 64); !found && err == nil && m >= 0 {
		list = append(list, choice{chosen, inWords([]figure{u.distance(m)}), true})
	}
	return list
}
