package musette

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
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
// as new as its fetch; what that one doesn't say, from the other. What only a detail has is never lost to a summary,
// with one exception: a route that the newer summary shows to have changed is shown as the summary has it until the
// new detail is here, because a crop hides something.
//
// What came from Strava itself goes before everything else. A document that can't be read is passed over. Without any
// basics the error is [ErrNoBasics].
func Derive(docs []Document, wantStreams bool) (View, error) {
	d := decode(docs)
	newer, older := d.detail, d.summary
	if d.summaryIsNewer() {
		newer, older = older, newer
	}
	if newer == nil {
		return View{}, ErrNoBasics
	}
	v := View{Basics: newer.basics, Marks: map[Part]int64{}}
	if older != nil {
		v.Basics = newer.with(older)
	}
	b, a := &v.Basics, &v.Activity
	fillBasics(a, b, newer.doc.Source)
	if d.detail != nil {
		v.DetailFingerprint = d.detail.basics.Fingerprint()
	} else {
		a.Missing = append(a.Missing, PartDetail)
	}
	a.Description, a.Laps = d.more.description(), d.more.laps()
	a.Map = d.route()
	d.fillPhotos(a, b)
	d.fillComments(a, b)
	if wantStreams && d.best[PartStreams] == nil {
		a.Missing = append(a.Missing, PartStreams)
	}
	for part, doc := range d.best {
		v.Marks[part] = doc.Mark
		if doc.FetchedAt.After(a.FetchedAt.Time) {
			a.FetchedAt = At(doc.FetchedAt)
		}
	}
	return v, nil
}

func fillBasics(a *Activity, b *Basics, source Source) {
	*a = Activity{
		ID: b.ID, AthleteID: b.AthleteID, Name: b.Name, SportType: b.SportType, Type: b.Type,
		Start:     At(b.Start),
		DistanceM: b.DistanceM, ClimbM: count(b.ClimbM + 0.5),
		MovingS: int(b.Moving / time.Second), ElapsedS: int(b.Elapsed / time.Second),
		Kudos: b.Kudos, Visibility: cmp.Or(b.Visibility, "unknown"), Source: source,
		Photos: []Photo{}, Comments: []Comment{}, Missing: []Part{},
	}
	a.StartLocal, a.Timezone = localStart(b)
	if source != SourceFile { // everything else knows the activity by Strava's id
		a.Links.Strava = "https://www.strava.com/activities/" + strconv.FormatInt(b.ID, 10)
	}
}

// decoded are the documents of an activity that can be read, the best of each part.
type decoded struct {
	best            map[Part]*Document
	summary, detail *page
	more            wireDetail // what only the detail has
	photos          []wirePhoto
	comments        []wireComment
}

// page is a summary or a detail.
type page struct {
	doc    *Document
	wire   *wireBasics
	basics Basics
}

// with are the page's basics, and what it doesn't say from an older page.
func (p *page) with(older *page) Basics {
	w := *p.wire
	w.inherit(older.wire)
	b, err := w.basics()
	if err != nil { // together they are worse than alone
		return p.basics
	}
	return b
}

// decode reads the best document of each part; one that can't be read leaves its place to the next best.
func decode(docs []Document) *decoded {
	d := &decoded{best: map[Part]*Document{}}
	for _, doc := range byWorth(docs) {
		if d.best[doc.Part] == nil && d.read(doc) {
			d.best[doc.Part] = doc
		}
	}
	return d
}

// byWorth puts the documents that are better to go by first: Strava's own, then the newest. What is left decides
// between documents that are equally good, so that their order never does.
func byWorth(docs []Document) []*Document {
	sorted := make([]*Document, len(docs))
	for i := range docs {
		sorted[i] = &docs[i]
	}
	slices.SortFunc(sorted, func(a, b *Document) int {
		return cmp.Or(-cmp.Compare(a.worth(), b.worth()), b.ConfirmedAt.Compare(a.ConfirmedAt), b.FetchedAt.Compare(a.FetchedAt),
			bytes.Compare(b.SHA256[:], a.SHA256[:]), cmp.Compare(b.Mark, a.Mark), cmp.Compare(a.Source, b.Source))
	})
	return sorted
}

func (d *Document) worth() int {
	if d.Source == SourceAPI {
		return 1
	}
	return 0
}

// read takes a document in and reports whether it could be read.
func (d *decoded) read(doc *Document) bool {
	switch doc.Part {
	case PartSummary:
		d.summary = readPage(doc)
		return d.summary != nil
	case PartDetail:
		if d.detail = readPage(doc); d.detail != nil {
			d.more = readDetail(doc.Body)
		}
		return d.detail != nil
	case PartPhotos:
		d.photos = member[[]wirePhoto](doc.Body)
		return d.photos != nil
	case PartComments:
		d.comments = member[[]wireComment](doc.Body)
		return d.comments != nil
	}
	return doc.Part == PartStreams
}

func readPage(doc *Document) *page {
	w, err := parseWire(doc.Body)
	if err != nil {
		return nil
	}
	b, err := w.basics()
	if err != nil {
		return nil
	}
	return &page{doc, w, b}
}

// summaryIsNewer says which of summary and detail to believe first, see Derive.
func (d *decoded) summaryIsNewer() bool {
	switch {
	case d.summary == nil || d.detail == nil:
		return d.summary != nil
	case d.summary.doc.worth() != d.detail.doc.worth():
		return d.summary.doc.worth() > d.detail.doc.worth()
	}
	return d.summary.doc.ConfirmedAt.After(d.detail.doc.FetchedAt)
}

// String says which activity it is, for errors and logs.
func (a *Activity) String() string { return fmt.Sprintf("activity %d", a.ID) }
