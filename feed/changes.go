package feed

import "slices"

// The kinds of a change.
const (
	KindPut  = "put"  // the activity is new, or shows something else
	KindGone = "gone" // the activity isn't shown any more
)

// Change says that something about an activity changed. Its JSON is part of the contract.
type Change struct {
	Seq      int64  `json:"seq"`
	Activity int64  `json:"activity,string"`
	Kind     string `json:"kind"` // "" where only strangers see something else

	athlete int64
	public  string // the kind for the public; "" where they never saw it
}

// maxChanges is how many changes are kept in memory; who is further behind starts again.
const maxChanges = 20_000

// A changelog is what changed, oldest first. Views share its array: only the newest is ever appended to.
type changelog struct {
	list []Change
	// since and publicSince are the least numbers after which nothing is missing. The public's starts at the load:
	// from the store alone nobody can tell whether what is gone was ever public.
	since, publicSince int64
}

func (l changelog) add(changes ...Change) changelog {
	l.list = append(l.list, changes...)
	if over := len(l.list) - maxChanges; over > maxChanges/4 {
		l.since = max(l.since, l.list[over-1].Seq)
		l.publicSince = max(l.publicSince, l.since)
		l.list = slices.Clone(l.list[over:])
	}
	return l
}

// Changes returns what changed for the reader after the number since, oldest first, each activity once with its
// newest change. next is the number to ask from the next time. It returns about limit changes: those of one number
// are kept together. ok is false if the changes since then are no longer known: the reader must start again from a
// full read.
func (v *View) Changes(since int64, limit int, r Reader) (changes []Change, next int64, ok bool) {
	floor := v.log.since
	if !r.Owner {
		floor = max(floor, v.log.publicSince)
	}
	if since < floor || since > v.Seq {
		return nil, v.Seq, false
	}
	seen := map[int64]bool{}
	changes = []Change{}
	for _, c := range slices.Backward(v.log.list) {
		if c.Seq <= since {
			break
		}
		if c, ok := c.forReader(r); ok && !seen[c.Activity] {
			seen[c.Activity] = true
			changes = append(changes, c)
		}
	}
	slices.Reverse(changes)
	for i := limit; i < len(changes); i++ {
		if changes[i].Seq != changes[i-1].Seq {
			return changes[:i], changes[i-1].Seq, true
		}
	}
	return changes, v.Seq, true
}

func (c Change) forReader(r Reader) (Change, bool) {
	if !r.Owner {
		c.Kind = c.public
		return c, c.public != ""
	}
	return c, c.Kind != "" && (r.AthleteID == 0 || r.AthleteID == c.athlete)
}
