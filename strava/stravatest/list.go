package stravatest

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// listFilter is what the query of a list of activities asks for.
type listFilter struct {
	before, after *time.Time
	page, perPage int
}

// parseList reads the query. Codes other than future are guesses.
func (q *request) parseList() (f listFilter, p reply, ok bool) {
	if f.page, ok = q.whole("page", 1, 1, 1<<31); !ok {
		return f, badParameter("Application", "page", "invalid"), false
	}
	if f.perPage, ok = q.whole("per_page", 30, 1, 200); !ok {
		return f, badParameter("Application", "per_page", "invalid"), false
	}
	for name, to := range map[string]**time.Time{"before": &f.before, "after": &f.after} {
		text := q.URL.Query().Get(name)
		if text == "" {
			continue
		}
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return f, badParameter("Application", name, "invalid"), false
		}
		t := time.Unix(seconds, 0).UTC()
		*to = &t
	}
	if f.after != nil && f.after.After(q.now) {
		return f, badParameter("Application", "after", "future"), false
	}
	return f, reply{}, true
}

// listed returns the start that filters and order go by.
func (k Quirks) listed(a *activity) time.Time {
	if k.HiddenStartsByTrueTime {
		return a.Start
	}
	return a.shownStart()
}

// wants reports whether the filter takes an activity of this start. Both
// bounds are exclusive; whether Strava's are is not documented.
func (f listFilter) wants(start time.Time, k Quirks) bool {
	if f.before != nil && !start.Before(*f.before) && (!k.BeforeInclusive || !start.Equal(*f.before)) {
		return false
	}
	return f.after == nil || start.After(*f.after)
}

// window returns where the page begins and ends in a list of n.
func (f listFilter) window(n int, k Quirks) (from, to int) {
	size := f.perPage
	from = (f.page - 1) * size
	if short := max(1, size*2/3); k.ShortPages && (f.page > 1 || f.before != nil) {
		from = (f.page - 1) * short
		if f.before == nil {
			from = size + (f.page-2)*short
		}
		size = short
	}
	from = min(max(from, 0), n)
	return from, min(from+size, n)
}

// listActivities answers GET /athlete/activities. The order is newest first,
// but oldest first with after alone.
func (s *Server) listActivities(q *request) reply {
	if !q.who.mayRead() {
		return scopeMissing("activity:read")
	}
	f, refused, ok := q.parseList()
	if !ok {
		return refused
	}
	var list []*activity
	s.mu.Lock()
	for _, a := range s.athlete(q.who.athleteID).activities {
		if q.who.sees(a) && f.wants(q.quirks.listed(a), q.quirks) {
			list = append(list, a)
		}
	}
	s.mu.Unlock()

	newest := func(a, b *activity) int { return q.quirks.listed(b).Compare(q.quirks.listed(a)) }
	if !slices.IsSortedFunc(list, newest) { // hidden starts move within their day
		slices.SortStableFunc(list, newest)
	}
	if f.after != nil && f.before == nil {
		slices.Reverse(list)
	}
	from, to := f.window(len(list), q.quirks)
	list = list[from:to]
	if q.quirks.ReverseOrder {
		list = slices.Clone(list)
		slices.Reverse(list)
	}
	return reply{status: http.StatusOK, contentType: jsonType, body: joinSummaries(list, q.faults.has(FaultEmptyPolyline))}
}

// joinSummaries writes the summaries as one array. Each is encoded once in
// the life of its activity's state.
func joinSummaries(list []*activity, noLine bool) []byte {
	var b bytes.Buffer
	b.WriteByte('[')
	for i, a := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		if noLine {
			b.Write(encode(summaryOf(a, true)))
		} else {
			b.Write(a.summary())
		}
	}
	b.WriteByte(']')
	return b.Bytes()
}
