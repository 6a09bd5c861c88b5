package musette

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"musette/track"
)

// ErrNoBasics says that there is neither a usable summary nor a usable detail among the documents.
var ErrNoBasics = errors.New("neither a summary nor a detail that can be read")

// A View is an activity derived from its documents, with what the planner needs to know of them.
type View struct {
	Activity
	Basics Basics
	// DetailFingerprint is the fingerprint of the detail's own basics, 0 without a detail.
	DetailFingerprint int64
	// Marks are the marks of the documents that are here.
	Marks map[Part]int64
}

// Derive makes the view of one activity from its documents, in any order; wantStreams says whether streams that
// aren't here count as missing. It reads nothing else, so the same documents always give the same view.
//
// Basics come from the newer of summary and detail, where a summary is as new as its last confirmation and a detail
// as new as its fetch. What only a detail has is never lost to a summary, with one exception: a route that the
// newer summary shows to have changed is shown as the summary has it until the new detail is here, because a crop
// hides something.
//
// A document that can't be read is passed over. Without any basics the error is [ErrNoBasics].
func Derive(docs []Document, wantStreams bool) (View, error) {
	d := newest(docs)
	summary, detail := d.basics(PartSummary), d.basics(PartDetail)
	b, from := summary, d[PartSummary]
	if detail != nil && (summary == nil || !d[PartSummary].ConfirmedAt.After(d[PartDetail].FetchedAt)) {
		b, from = detail, d[PartDetail]
	}
	if b == nil {
		return View{}, ErrNoBasics
	}
	v := View{Basics: *b, Marks: map[Part]int64{}}
	a := &v.Activity
	fillBasics(a, b, from.Source)
	a.Missing = []Part{}
	if detail != nil {
		v.DetailFingerprint = detail.Fingerprint()
		d.fillDetail(a)
	} else {
		a.Missing = append(a.Missing, PartDetail)
	}
	a.Map = route(summary, detail, d, b)
	d.fillPhotos(a, b)
	d.fillComments(a, b)
	if wantStreams && d[PartStreams] == nil {
		a.Missing = append(a.Missing, PartStreams)
	}
	for part, doc := range d {
		v.Marks[part] = doc.Mark
		if doc.FetchedAt.After(a.FetchedAt.Time) {
			a.FetchedAt = At(doc.FetchedAt)
		}
	}
	return v, nil
}

// byPart holds the newest document of each part.
type byPart map[Part]*Document

func newest(docs []Document) byPart {
	d := byPart{}
	for i := range docs {
		old, doc := d[docs[i].Part], &docs[i]
		if old == nil || doc.ConfirmedAt.After(old.ConfirmedAt) ||
			doc.ConfirmedAt.Equal(old.ConfirmedAt) && string(doc.SHA256[:]) > string(old.SHA256[:]) {
			d[doc.Part] = doc
		}
	}
	return d
}

// basics decodes a summary or detail, and forgets a document that can't be.
func (d byPart) basics(part Part) *Basics {
	doc := d[part]
	if doc == nil {
		return nil
	}
	b, err := ParseBasics(doc.Body)
	if err != nil {
		delete(d, part)
		return nil
	}
	return &b
}

func fillBasics(a *Activity, b *Basics, source Source) {
	a.ID, a.AthleteID, a.Name = b.ID, b.AthleteID, b.Name
	a.SportType, a.Type = b.SportType, b.Type
	a.Start = At(b.Start)
	a.StartLocal, a.Timezone = localStart(b)
	a.DistanceM = b.DistanceM
	a.MovingS, a.ElapsedS = int(b.Moving/time.Second), int(b.Elapsed/time.Second)
	a.ClimbM = int(math.Round(b.ClimbM))
	a.Kudos = b.Kudos
	a.Visibility, a.Source = b.Visibility, source
	if a.Visibility == "" {
		a.Visibility = "unknown"
	}
	a.Photos, a.Comments = []Photo{}, []Comment{}
	if source == SourceAPI {
		a.Links.Strava = "https://www.strava.com/activities/" + strconv.FormatInt(b.ID, 10)
	}
}

const wallClock = "2006-01-02T15:04:05"

// localStart is the wall clock at the place: the start in its zone. The one thing taken from start_date_local is
// the date of a hidden start, where Strava sends midnight plus one second in both members: west of Greenwich the
// zone would make it the day before. Source: Strava's changelog of 2024-07-03.
func localStart(b *Basics) (local, zone string) {
	loc := time.UTC
	zone = "UTC"
	if l, err := time.LoadLocation(b.Timezone); err == nil && b.Timezone != "" {
		loc, zone = l, b.Timezone
	} else if b.UTCOffset != 0 {
		loc = time.FixedZone("", int(b.UTCOffset/time.Second))
	}
	local = b.Start.In(loc).Format(wallClock)
	if b.HiddenStart() && !strings.HasPrefix(local, b.StartLocal[:10]) {
		local = b.StartLocal[:10] + "T00:00:01"
	}
	return local, zone
}

// HiddenStart reports whether the athlete hides the time of the start: Strava then sends midnight plus one second,
// in UTC and locally alike.
func (b *Basics) HiddenStart() bool {
	return strings.HasSuffix(b.StartLocal, "T00:00:01Z") && b.Start.Format(wallClock)+"Z" == b.StartLocal
}

type wireDetail struct {
	Description *string `json:"description"`
	Map         struct {
		Polyline        string `json:"polyline"`
		SummaryPolyline string `json:"summary_polyline"`
	} `json:"map"`
	Photos struct {
		Primary struct {
			URLs map[string]string `json:"urls"`
		} `json:"primary"`
	} `json:"photos"`
	Laps []struct {
		Name          string  `json:"name"`
		Distance      float64 `json:"distance"`
		MovingTime    float64 `json:"moving_time"`
		ElapsedTime   float64 `json:"elapsed_time"`
		ElevationGain float64 `json:"total_elevation_gain"`
	} `json:"laps"`
}

func (d byPart) detail() wireDetail {
	var w wireDetail
	if doc := d[PartDetail]; doc != nil {
		_ = json.Unmarshal(doc.Body, &w, relaxed) // an odd member leaves the members after it empty, the basics stand
	}
	return w
}

func (d byPart) fillDetail(a *Activity) {
	w := d.detail()
	if w.Description != nil && *w.Description != "" {
		a.Description = w.Description
	}
	for _, l := range w.Laps {
		a.Laps = append(a.Laps, Lap{
			Name: l.Name, DistanceM: l.Distance, ClimbM: int(math.Round(l.ElevationGain)),
			MovingS: int(seconds(l.MovingTime) / time.Second), ElapsedS: int(seconds(l.ElapsedTime) / time.Second),
		})
	}
}

// route chooses the polyline, see Derive.
func route(summary, detail *Basics, d byPart, newer *Basics) *Map {
	var candidates []string
	if detail != nil {
		candidates = append(candidates, d.detail().Map.Polyline, detail.SummaryPolyline)
	}
	if summary != nil {
		changed := detail != nil && newer == summary && summary.SummaryPolyline != detail.SummaryPolyline
		if changed {
			candidates = append([]string{summary.SummaryPolyline}, candidates...)
		} else {
			candidates = append(candidates, summary.SummaryPolyline)
		}
	}
	for _, polyline := range candidates {
		if polyline == "" {
			continue
		}
		points, err := track.Decode(polyline)
		if err != nil {
			continue
		}
		if bounds, ok := track.BoundsOf(points); ok {
			return &Map{Polyline: polyline, Bounds: bounds}
		}
	}
	return nil
}

type wirePhoto struct {
	ActivityID  int64                `json:"activity_id"`
	Caption     string               `json:"caption"`
	URLs        map[string]string    `json:"urls"`
	Sizes       map[string][]float64 `json:"sizes"`
	Placeholder any                  `json:"placeholder_image"`
}

// usable reports whether the item is a picture rather than a stand-in for one that Strava still works on.
func (p *wirePhoto) usable() (photo Photo, ok bool) {
	best := -1
	for size, url := range p.URLs {
		n, err := strconv.Atoi(size)
		if err != nil || url == "" || n <= best {
			continue
		}
		best, photo.URL = n, url
		photo.Width, photo.Height = 0, 0
		if wh := p.Sizes[size]; len(wh) == 2 {
			photo.Width, photo.Height = count(wh[0]), count(wh[1])
		}
	}
	photo.Caption = p.Caption
	return photo, photo.URL != "" && (p.Placeholder == nil || p.Placeholder == false)
}

func (d byPart) fillPhotos(a *Activity, b *Basics) {
	if b.PhotoCount == 0 {
		return
	}
	doc := d[PartPhotos]
	var items []wirePhoto
	if doc != nil && json.Unmarshal(doc.Body, &items, relaxed) != nil {
		doc, items = nil, nil
	}
	for i := range items {
		if p, ok := items[i].usable(); ok {
			a.Photos = append(a.Photos, p)
		}
	}
	if doc == nil || doc.Mark != int64(b.PhotoCount) {
		a.Missing = append(a.Missing, PartPhotos)
	}
	if doc == nil { // until they are here, the detail's own first picture stands in
		urls := d.detail().Photos.Primary.URLs
		if p, ok := (&wirePhoto{URLs: urls}).usable(); ok {
			a.Photos = append(a.Photos, p)
		}
	}
}

type wireComment struct {
	ActivityID int64  `json:"activity_id"`
	Text       string `json:"text"`
	CreatedAt  string `json:"created_at"`
	Athlete    struct {
		Firstname string `json:"firstname"`
		Lastname  string `json:"lastname"`
	} `json:"athlete"`
}

func (d byPart) fillComments(a *Activity, b *Basics) {
	if b.CommentCount == 0 {
		return
	}
	doc := d[PartComments]
	var items []wireComment
	if doc != nil && json.Unmarshal(doc.Body, &items, relaxed) != nil {
		doc, items = nil, nil
	}
	for _, c := range items {
		at, _ := time.Parse(time.RFC3339, c.CreatedAt) // a comment without a readable time is still a comment
		author := strings.TrimSpace(c.Athlete.Firstname + " " + c.Athlete.Lastname)
		a.Comments = append(a.Comments, Comment{Author: author, Text: c.Text, At: At(at)})
	}
	if doc == nil || doc.Mark != int64(b.CommentCount) {
		a.Missing = append(a.Missing, PartComments)
	}
}

// String says which activity it is, for errors and logs.
func (a *Activity) String() string { return fmt.Sprintf("activity %d", a.ID) }
