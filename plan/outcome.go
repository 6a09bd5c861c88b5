package plan

import (
	"time"

	"musette"
)

// Succeeded is the state of a part whose document has just been stored; asking again may be due, see
// [Policy.Schedule], which is to be asked next.
func (p Policy) Succeeded(st musette.PartState, now time.Time) musette.PartState {
	st.Outcome, st.LastTry, st.LastSuccess = musette.OutcomeHave, now, now
	st.Due = time.Time{}
	st.Tries, st.Failures, st.Rechecks = 0, 0, 0
	st.Contradicted, st.NotFound = time.Time{}, time.Time{}
	st.ErrorKind, st.Error = "", ""
	return st
}

// Unfinished is Succeeded for a document in which something is still being prepared by Strava: it is kept, and
// asked for again after the waits of Policy.Placeholder, and then as often as after failures.
func (p Policy) Unfinished(st musette.PartState, now time.Time) musette.PartState {
	asked := st.Rechecks
	st = p.Succeeded(st, now)
	if asked >= len(p.Placeholder)+p.MaxFailures {
		return st
	}
	wait := p.FailureWait
	if asked < len(p.Placeholder) {
		wait = p.Placeholder[asked]
	}
	st.Rechecks, st.Due, st.Class = asked+1, now.Add(wait), musette.ClassEnrich
	return st
}

// A Failure is what is kept of a failed try.
type Failure struct {
	Kind    string
	Message string // without secrets
	// Unusable: an answer came, but not one that can be used. Again and again, it is the activity that is poisoned.
	Unusable bool
}

// Failed is the state of a part after a failed try. The try is repeated after each of the waits of Policy.Retry; when
// those are used up, all of them together are one failure, with a longer wait. jitter, between 0 and 1, spreads the
// tries: each wait is stretched by up to a quarter. A part that is unusable after MaxFailures is quarantined; an essential one
// is then tried once per wait.
func (p Policy) Failed(st musette.PartState, f Failure, jitter float64, now time.Time) musette.PartState {
	st.LastTry, st.ErrorKind, st.Error = now, f.Kind, f.Message
	if st.Tries < len(p.Retry) && st.Outcome != musette.OutcomeQuarantined {
		st.Due = now.Add(stretch(p.Retry[st.Tries], jitter))
		st.Tries++
		return st
	}
	st.Tries = 0
	st.Failures++
	st.Class = max(st.Class, p.ownClass(st, now)) // whoever asked has had their answer
	poisoned := f.Unusable && st.Failures >= p.MaxFailures
	switch {
	case essential(st):
		st.Due = now.Add(stretch(p.backoff(st.Failures), jitter))
		if poisoned && st.ActivityID != 0 {
			st.Outcome = musette.OutcomeQuarantined
		}
	case p.spent(st):
		st.Due = time.Time{}
		switch {
		case st.Outcome == musette.OutcomeHave:
		case poisoned:
			st.Outcome = musette.OutcomeQuarantined
		default:
			st.Outcome = musette.OutcomeFailed
		}
	default:
		st.Due = now.Add(stretch(p.FailureWait, jitter))
	}
	return st
}

// Refused is Failed for an answer that was meant, such as a 404 of photos: no second try a moment later would mend
// that.
func (p Policy) Refused(st musette.PartState, f Failure, jitter float64, now time.Time) musette.PartState {
	return p.Failed(p.once(st), f, jitter, now)
}

// once leaves out the quick repetitions of a try.
func (p Policy) once(st musette.PartState) musette.PartState {
	st.Tries = len(p.Retry)
	return st
}

// essential: a first detail, an athlete and a listing are tried for ever.
func essential(st musette.PartState) bool {
	return st.ActivityID == 0 ||
		st.Part == musette.PartDetail && (st.Outcome == musette.OutcomeNever || st.Outcome == musette.OutcomeQuarantined || st.Outcome == musette.OutcomeHinted)
}

// spent reports whether a part has failed so often that it is left alone until something about it changes. One of
// which an older document is here still counts as had.
func (p Policy) spent(st musette.PartState) bool {
	return !essential(st) && st.Failures >= p.MaxFailures
}

func (p Policy) backoff(failures int) time.Duration {
	d := p.EssentialBackoff
	for range failures - 1 {
		if d *= 4; d >= p.EssentialMax {
			return p.EssentialMax
		}
	}
	return d
}

func stretch(d time.Duration, jitter float64) time.Duration {
	return d + time.Duration(jitter*float64(d)/4)
}

// ownClass is the class of a part that nobody asks for.
func (p Policy) ownClass(st musette.PartState, now time.Time) musette.Class {
	switch {
	case st.Part == musette.ListSweep:
		return p.SweepClass()
	case st.ActivityID == 0:
		return musette.ClassList
	case st.Part == musette.PartDetail:
		return p.detailClass(st.Start, now)
	case st.Part == musette.PartStreams:
		return musette.ClassBackfill
	}
	return musette.ClassEnrich
}

func (p Policy) detailClass(start, now time.Time) musette.Class {
	if now.Sub(start) <= p.Recent {
		return musette.ClassRecent
	}
	return musette.ClassBackfill
}

// Contradicted is the state after an answer that says the opposite of the summary: a failed try, but believe is true
// when the same was said long enough ago. Then the answer is to be stored after all.
func (p Policy) Contradicted(st musette.PartState, f Failure, jitter float64, now time.Time) (after musette.PartState, believe bool) {
	if st.Contradicted.IsZero() {
		st.Contradicted = now
	}
	settled := st.Contradicted.Add(p.Believe)
	if !now.Before(settled) {
		return st, true
	}
	if st.Part == musette.PartPhotos || st.Part == musette.PartComments {
		st = p.once(st) // only time settles it, and the calls are better spent
	}
	outcome := st.Outcome
	st = p.Failed(st, f, jitter, now)
	if probe := now.Add(offlineProbeMax); st.ActivityID == 0 && st.Part != musette.ListSweep && st.Failures > 0 {
		// What is new waits for it, and it lasts a day at most: it is asked as a host is that is offline.
		st.Due, st.Tries = sooner(st.Due, probe), len(p.Retry)
	}
	if st.Due.IsZero() || st.Due.After(settled) { // not given up before it can be believed
		st.Due, st.Outcome = settled, outcome
	}
	return st, false
}

// NotFound is the state of a detail after a 404 that names the activity, and nothing else that says so: alone it
// proves nothing and is asked again, an hour later and then like any failure.
func (p Policy) NotFound(st musette.PartState, f Failure, jitter float64, now time.Time) musette.PartState {
	again := now.Add(stretch(p.NotFoundWait, jitter))
	if !st.NotFound.IsZero() {
		st = p.Failed(p.once(st), f, jitter, now)
		if !st.Due.IsZero() {
			st.Due = later(st.Due, again)
		}
		return st
	}
	st.NotFound, st.LastTry, st.ErrorKind, st.Error = now, now, f.Kind, f.Message
	st.Due, st.Class, st.Tries = again, max(st.Class, p.ownClass(st, now)), 0
	return st
}

// Missing is the state of a part that Strava says doesn't exist, such as the streams of a manual activity.
func (p Policy) Missing(st musette.PartState, now time.Time) musette.PartState {
	st = p.Succeeded(st, now)
	st.Outcome = musette.OutcomeEmpty
	return st
}

// Asked is the state of a part that a person, an event or a listing wants now, whatever came before. Due says when it
// was asked for, unless somebody more urgent waits already.
func (p Policy) Asked(st musette.PartState, class musette.Class, now time.Time) musette.PartState {
	if GivenUp(st.Outcome) {
		st.Outcome = musette.OutcomeNever
	}
	if st.Due.IsZero() || st.Due.After(now) || st.Class >= class {
		st.Due, st.Class = now, class
	}
	st.Tries, st.Failures = 0, 0
	return st
}

// Forgiven is the state of a part whose tries failed on the way to a host that was down, now that it answers again: it is
// due at once, for one try. It goes with the lists, since nothing was worth more when its turn came. That is done once:
// one that goes on failing while other things succeed has its own reasons.
func (p Policy) Forgiven(st musette.PartState, now time.Time) musette.PartState {
	if st.Failures != 1 || st.Outcome == musette.OutcomeEmpty {
		return st
	}
	st = p.once(p.Asked(st, musette.ClassList, now))
	st.Failures, st.Contradicted = 1, time.Time{}
	return st
}
