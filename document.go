package musette

import (
	"crypto/sha256"
	"time"
)

// A Part is one kind of document, each fetched by a call of its own.
type Part string

// The parts of an activity, and PartAthlete, the one part of an athlete.
const (
	PartAthlete  Part = "athlete"
	PartSummary  Part = "summary"
	PartDetail   Part = "detail"
	PartPhotos   Part = "photos"
	PartComments Part = "comments"
	PartStreams  Part = "streams"
)

// A listing is a way of fetching summaries, due for an athlete rather than for an activity. They share the table of
// part states with the parts, under activity 0.
const (
	ListWalk  Part = "walk"  // the first walk over everything, from the newest back
	ListPoll  Part = "poll"  // the newest page
	ListSweep Part = "sweep" // everything again, for edits and deletions a poll can't see
)

// ActivityParts are the parts that views and completeness are counted by, in the order of their value.
var ActivityParts = []Part{PartSummary, PartDetail, PartPhotos, PartComments, PartStreams}

// A Source says where a document came from.
type Source string

// The sources, see DESIGN section 2.
const (
	SourceAPI     Source = "api"
	SourceArchive Source = "archive"
	SourceFile    Source = "file"
	SourceCache   Source = "cache"
)

// A Document is what one part looked like when it came: its bytes verbatim, with where and when they came from.
// Comments, which come in pages, are the verbatim elements joined into one array.
type Document struct {
	AthleteID  int64
	ActivityID int64 // 0 for PartAthlete
	Part       Part
	Source     Source
	Body       []byte   // verbatim; never re-encoded
	SHA256     [32]byte // of Body

	FetchedAt   time.Time // when these bytes first came
	ConfirmedAt time.Time // when they were last seen to be still so; never before FetchedAt

	// Mark is what the activity's basics said when the document was fetched: the fingerprint for a detail, the
	// count for photos and comments. A part is due again when the basics say something else.
	Mark int64
}

// NewDocument returns the document of bytes fetched at a time.
func NewDocument(athleteID, activityID int64, part Part, source Source, body []byte, at time.Time) Document {
	at = at.UTC().Truncate(time.Millisecond)
	return Document{
		AthleteID: athleteID, ActivityID: activityID, Part: part, Source: source,
		Body: body, SHA256: sha256.Sum256(body), FetchedAt: at, ConfirmedAt: at,
	}
}

// Intact reports whether the bytes still have the hash they were stored with.
func (d *Document) Intact() bool { return sha256.Sum256(d.Body) == d.SHA256 }
