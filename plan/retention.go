package plan

import (
	"time"

	"musette"
)

// minRetention is the least that sweeps can keep up with.
const minRetention = 48 * time.Hour

// SweepClass is the class of a sweep: it can wait, unless a retention depends on it.
func (p Policy) SweepClass() musette.Class {
	if p.Retention > 0 {
		return musette.ClassList
	}
	return musette.ClassRecheck
}

// Lapsed reports whether a document is to be dropped: it came from the API, and has not been confirmed for as long as
// Retention says. What other sources gave never lapses.
func (p Policy) Lapsed(source musette.Source, confirmed, now time.Time) bool {
	return p.Retention > 0 && source == musette.SourceAPI && now.Sub(confirmed) > p.Retention
}

// LapseBefore is the time of the last confirmation before which documents from the API are dropped; zero: none is.
func (p Policy) LapseBefore(now time.Time) time.Time {
	if p.Retention <= 0 {
		return time.Time{}
	}
	return now.Add(-p.Retention)
}

// Confirms reports whether a summary that has just been listed confirms a document of another part: what it says of that
// part is what it said when the document was fetched. mark is the document's, see musette.Document.Mark.
func Confirms(summary *musette.Basics, part musette.Part, mark int64) bool {
	switch part {
	case musette.PartDetail:
		return mark == summary.Fingerprint()
	case musette.PartPhotos:
		return mark == int64(summary.PhotoCount)
	case musette.PartComments:
		return mark == int64(summary.CommentCount)
	case musette.PartStreams: // the track is the athlete's recording; a crop makes another detail due
		return true
	}
	return false
}
