package plan

import (
	"time"

	"musette"
)

// States are the part states of one activity, by part.
type States map[musette.Part]musette.PartState

// Activity is what scheduling needs to know of an activity besides its states.
type Activity struct {
	View      *musette.View
	FirstSeen time.Time
	FirstWalk bool // found by the first walk rather than later
	Shown     bool // inside the filter: only such activities are enriched
}

// Schedule returns the states of the activity's parts, with what is due now or later. A part whose tries are under
// way for the same reason as before keeps its times and counts; a new reason (another fingerprint, another count)
// starts afresh.
func (p Policy) Schedule(a Activity, old States, now time.Time) []musette.PartState {
	wishes := []wish{
		p.detail(a, old[musette.PartDetail], now),
		p.counted(a, musette.PartPhotos, a.View.Basics.PhotoCount, now),
		p.counted(a, musette.PartComments, a.View.Basics.CommentCount, now),
		p.streams(a, now),
	}
	out := make([]musette.PartState, 0, len(wishes)+1)
	out = append(out, p.summary(a, old[musette.PartSummary], now))
	for _, w := range wishes {
		before, known := old[w.part]
		if w.moot && !known {
			continue
		}
		out = append(out, p.follow(w, identity(a, before, w.part), a, now))
	}
	return out
}

// wish is what the rule for a part asks for, tries and people's wishes apart.
type wish struct {
	part   musette.Part
	moot   bool // there is nothing to fetch
	due    time.Time
	class  musette.Class
	wanted int64 // see PartState.Wanted
}

func (p Policy) detail(a Activity, st musette.PartState, now time.Time) wish {
	fingerprint := a.View.Basics.Fingerprint()
	w := wish{part: musette.PartDetail, wanted: fingerprint, moot: !a.Shown}
	mark, have := a.View.Marks[musette.PartDetail]
	if have && (mark == fingerprint || a.View.DetailFingerprint == fingerprint) {
		w.due, w.class = p.recheck(a, st.LastSuccess, now), musette.ClassRecheck
	} else {
		w.due, w.class = now, p.detailClass(a.View.Basics.Start, now)
	}
	return w
}

// recheck returns when to look again for a description: the first time of the schedule that no fetch has made
// needless, or never.
func (p Policy) recheck(a Activity, fetched, now time.Time) time.Time {
	seen := later(a.FirstSeen, a.View.Basics.Start) // before it was, only a clock that was behind can have seen it
	old := a.FirstWalk && seen.Sub(a.View.Basics.Start) > p.RecheckFresh
	end := seen.Add(p.RecheckEnd)
	if old || now.After(end) {
		return time.Time{}
	}
	for i, after := range p.Recheck {
		at := seen.Add(after)
		needless := !at.After(fetched) || i == 0 && a.View.Description != nil
		if !needless && !at.After(end) {
			return at
		}
	}
	return time.Time{}
}

func (p Policy) counted(a Activity, part musette.Part, count int, now time.Time) wish {
	w := wish{part: part, wanted: int64(count), class: musette.ClassEnrich, moot: !a.Shown || count == 0}
	if mark, have := a.View.Marks[part]; !have || mark != int64(count) {
		w.due = now
	}
	return w
}

func (p Policy) streams(a Activity, now time.Time) wish {
	w := wish{part: musette.PartStreams, wanted: 1, class: musette.ClassBackfill, moot: !p.WantStreams(a.Shown, a.FirstSeen, a.View.Basics.Start)}
	if _, have := a.View.Marks[musette.PartStreams]; !have {
		w.due = now
	}
	return w
}

// WantStreams reports whether an activity's streams are to be here.
func (p Policy) WantStreams(shown bool, firstSeen, start time.Time) bool {
	switch p.Streams {
	case StreamsAll:
		return shown
	case StreamsRecent:
		return shown && firstSeen.Sub(start) <= p.Recent
	}
	return false
}

// summary states that the summary is here; it is never due by itself, listings bring it.
func (p Policy) summary(a Activity, st musette.PartState, now time.Time) musette.PartState {
	st = identity(a, st, musette.PartSummary)
	st.Outcome = musette.OutcomeHave
	if st.LastSuccess.IsZero() {
		st.LastSuccess = now
	}
	return st
}

func identity(a Activity, st musette.PartState, part musette.Part) musette.PartState {
	st.AthleteID, st.ActivityID, st.Part = a.View.AthleteID, a.View.ID, part
	st.Start, st.FirstSeen, st.FirstWalk = a.View.Basics.Start, a.FirstSeen, a.FirstWalk
	return st
}

// follow turns the wish into the state that follows from the one before. What a person, an event or a listing asked
// for stands until it is done; tries under way keep the times that Failed and its like gave them.
func (p Policy) follow(w wish, st musette.PartState, a Activity, now time.Time) musette.PartState {
	if st.Wanted != w.wanted {
		st.Wanted, st.Outcome = w.wanted, musette.OutcomeNever
		st.Tries, st.Failures, st.Rechecks = 0, 0, 0
		st.Contradicted, st.NotFound = time.Time{}, time.Time{}
	}
	if _, have := a.View.Marks[w.part]; have {
		st.Outcome = musette.OutcomeHave
	}
	due := !st.Due.IsZero()
	asked := due && st.Class <= musette.ClassList
	trying := due && (st.Tries+st.Failures+st.Rechecks > 0 || !st.Contradicted.IsZero() || !st.NotFound.IsZero())
	switch {
	case asked:
	case w.moot:
		st.Due = time.Time{}
	case trying:
	case GivenUp(st.Outcome), p.spent(st):
		st.Due = time.Time{}
	case due && w.due.Equal(now) && st.Due.Before(now): // it is in the queue already
		st.Class = w.class
	default:
		st.Due, st.Class = w.due, w.class
	}
	return st
}

// GivenUp reports whether a part is left alone until something about it changes.
func GivenUp(o musette.Outcome) bool {
	return o == musette.OutcomeFailed || o == musette.OutcomeQuarantined || o == musette.OutcomeEmpty
}
