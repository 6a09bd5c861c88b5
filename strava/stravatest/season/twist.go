package season

import "time"

// twist is something awkward that happens to an activity. A client meets all
// of them in every season of 60 activities.
type twist int

const (
	plain twist = iota
	lineBreaks
	hugeID
	manualEntry
	quotes
	midnight
	markup
	emoji
	indoors
	private
	scripted
	video
	followers
	noText
	hiddenStart
	newSport
	hugeUpload
	lateUpload
	semicolons
)

// twistRule says from which activity on (counted from the newest) a twist is
// due, which kinds it suits, and what to turn a slot into if none comes.
type twistRule struct {
	twist twist
	from  int
	suits func(k kind) bool
	force kind
}

func anyKind(kind) bool { return true }

func outdoors(k kind) bool { return k.hasMap() }

func freeRun(k kind) bool { return k.isRun() && k.isFree() }

func only(want kind) func(kind) bool { return func(k kind) bool { return k == want } }

var twistRules = []twistRule{
	{lineBreaks, 1, outdoors, easyRun},
	{hugeID, 3, anyKind, easyRun},
	{manualEntry, 4, only(gym), gym},
	{midnight, 5, freeRun, easyRun},
	{quotes, 6, anyKind, easyRun},
	{markup, 8, anyKind, easyRun},
	{indoors, 9, only(indoorRide), indoorRide},
	{emoji, 10, outdoors, easyRun},
	{private, 11, only(walking), walking},
	{scripted, 13, anyKind, easyRun},
	{video, 14, outdoors, easyRun},
	{followers, 16, outdoors, easyRun},
	{noText, 17, anyKind, easyRun},
	{hiddenStart, 18, outdoors, easyRun},
	{newSport, 20, only(openWater), wing},
	{hugeUpload, 22, outdoors, easyRun},
	{lateUpload, 24, outdoors, easyRun},
	{semicolons, 26, anyKind, easyRun},
	{lateUpload, 30, outdoors, easyRun},
}

const (
	patience  = 4   // slots that a twist waits for one that suits it
	twistsFor = 120 // activities after which they all come again
)

// twister hands out twists while slots pass by.
type twister struct {
	pending []twistRule
	round   int
}

// offer finds the twist for the nth activity, planned as s, and what the slot
// becomes. The second result goes to take once the activity is accepted; it is
// negative where there is no twist.
func (t *twister) offer(n int, s slot, m *maker) (slot, int) {
	base := t.round * twistsFor
	if len(t.pending) == 0 && n >= base {
		t.pending = append(t.pending, twistRules...)
		t.round++
	}
	base = (t.round - 1) * twistsFor
	for i, rule := range t.pending {
		if n < base+rule.from || s.twist != plain {
			continue
		}
		if rule.twist == lateUpload && m.until.Sub(s.start) < 12*24*time.Hour {
			continue
		}
		if s.where != m.town && (rule.force != easyRun || rule.twist == midnight) {
			continue // not on a journey
		}
		switch {
		case rule.suits(s.kind):
		case n >= base+rule.from+patience && s.kind.isFree():
			s.kind = rule.force
		default:
			continue
		}
		if rule.twist == newSport {
			s.kind = wing
		}
		if rule.twist == midnight {
			s.start = nearMidnight(s.start)
			s.kind = backRun
		}
		s.twist = rule.twist
		return s, i
	}
	return s, -1
}

func (t *twister) take(i int) {
	if i < 0 {
		return
	}
	t.pending = append(t.pending[:i:i], t.pending[i+1:]...)
}

// nearMidnight is about half past eleven UTC, not long after t or before it.
func nearMidnight(t time.Time) time.Time {
	day := t.Truncate(24 * time.Hour)
	at := day.Add(23*time.Hour + 27*time.Minute + time.Duration(hash(uint64(t.Unix()))%900)*time.Second)
	if at.Sub(t) > 3*time.Hour {
		at = at.Add(-24 * time.Hour)
	}
	return at
}
