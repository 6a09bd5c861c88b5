package web

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"musette"
	"musette/store"
)

// activities answers /athlete/activities: newest first, but oldest first with after alone, as Strava does. What is shown
// elsewhere decides nothing here.
func (q *stravaRequest) activities() ([]byte, error) {
	l := store.ActivityList{AthleteID: q.athleteID}
	var err error
	if l.Offset, l.Limit, err = q.paging(); err != nil {
		return nil, err
	}
	if l.Before, err = q.instant("before"); err != nil {
		return nil, err
	}
	if l.After, err = q.instant("after"); err != nil {
		return nil, err
	}
	switch {
	case l.After.After(q.server.config.Now()):
		return nil, stravaBadParam("after", "future", "it lies in the future; it is in seconds since 1970, not in milliseconds")
	case !l.After.IsZero() && !l.Before.IsZero() && l.Before.Before(l.After):
		return nil, stravaBadParam("before", "invalid", "it is earlier than after")
	}
	l.OldestFirst = !l.After.IsZero() && l.Before.IsZero()
	ids, err := q.tx.ListActivities(q.ctx, l)
	if err != nil {
		return nil, err
	}
	docs, err := q.tx.PartDocuments(q.ctx, q.athleteID, ids, musette.PartSummary, musette.PartDetail)
	if err != nil && !damaged(err) {
		return nil, err
	}
	items := make([][]byte, 0, len(ids))
	for _, id := range ids {
		if item := listItem(docs[id]); item != nil {
			items = append(items, item)
		}
	}
	return joinArray(items), nil
}

// instant reads seconds since 1970; zero if there are none.
func (q *stravaRequest) instant(name string) (time.Time, error) {
	text := q.values.Get(name)
	if text == "" {
		return time.Time{}, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	const most = 1 << 40 // more is no second of any calendar
	if err != nil || n < -most || n > most {
		return time.Time{}, stravaBadParam(name, "invalid", "it is in whole seconds since 1970")
	}
	return time.Unix(n, 0).UTC(), nil
}

// listItem is an activity as a list has it, by its newest document: the summary as it stands, or the detail cut down to
// a summary's members. nil if neither is here.
func listItem(docs []musette.Document) []byte {
	summary, detail := part(docs, musette.PartSummary), part(docs, musette.PartDetail)
	if summary != nil && (detail == nil || summary.ConfirmedAt.After(detail.FetchedAt)) {
		return summary.Body
	}
	if detail == nil {
		return nil
	}
	var also []member
	if summary != nil {
		also, _ = members(summary.Body)
	}
	if item, ok := cutDetail(detail.Body, also); ok {
		return item
	}
	return nil
}

func part(docs []musette.Document, p musette.Part) *musette.Document {
	for i := range docs {
		if docs[i].Part == p {
			return &docs[i]
		}
	}
	return nil
}

// athlete answers /athlete with the document as it stands.
func (q *stravaRequest) athlete() ([]byte, error) {
	docs, err := q.tx.Documents(q.ctx, q.athleteID, 0)
	if err != nil && !damaged(err) {
		return nil, err
	}
	d := part(docs, musette.PartAthlete)
	if d == nil {
		return nil, notHere("Athlete", "", "the athlete isn't in the copy yet; `musette sync` fetches what is due")
	}
	return d.Body, nil
}

// documents returns all of the activity in the path, and what the newest of them says of it.
func (q *stravaRequest) documents() (docs []musette.Document, b musette.Basics, err error) {
	id, err := q.idIn("Activity")
	if err != nil {
		return nil, b, err
	}
	a, err := q.tx.Activity(q.ctx, q.athleteID, id)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && a.Status == store.StatusGone:
		return nil, b, stravaNotFound("Activity")
	case err != nil && !damaged(err):
		return nil, b, err
	}
	docs, err = q.tx.Documents(q.ctx, q.athleteID, id)
	if err != nil && !damaged(err) {
		return nil, b, err
	}
	item := listItem(docs)
	if item == nil {
		return nil, b, newFault(http.StatusNotFound, "Resource Not Found: the copy has no document of this activity that can be read", "Activity", "", "not cached")
	}
	b, _ = musette.ParseBasics(item) // without it nothing is counted, and what isn't here is missing
	return docs, b, nil
}

// activity answers /activities/{id}: the detail as it stands, or the summary until there is one, resource_state 2.
func (q *stravaRequest) activity() ([]byte, error) {
	docs, _, err := q.documents()
	if err != nil {
		return nil, err
	}
	if d := part(docs, musette.PartDetail); d != nil {
		return d.Body, nil
	}
	return part(docs, musette.PartSummary).Body, nil
}
