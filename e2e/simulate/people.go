package simulate

import (
	"container/heap"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"musette/strava/stravatest"
	"musette/strava/stravatest/season"
)

// people is everybody's life on Strava: what will still happen, and what was ever true.
type people struct {
	server *stravatest.Server
	rng    *rand.Rand
	began  time.Time // of the measured time
	todo   agenda
	serial int

	now  map[int64]season.Activity // what is true now
	past map[int64]map[string][]string
	// cropped activities have other tracks than the season drew.
	cropped map[int64]bool
	gone    map[int64]bool

	// lenient worlds have acts that suit nothing, and no exchange of photos or comments for as many others.
	lenient bool
	touched map[touch]bool

	// refresh presses refresh on an activity, as a person in front of the mirror does.
	refresh func(now time.Time, id int64) error

	told    []*claim // not yet handed over
	uploads []upload
}

// upload is an activity that somebody uploaded while time was measured.
type upload struct {
	id, athlete int64
	at          time.Time
}

// touch is a field of an activity that a deed has changed.
type touch struct {
	id    int64
	field string
}

func newPeople(server *stravatest.Server, seed uint64) *people {
	return &people{
		server: server, rng: rand.New(rand.NewPCG(seed, 0x9e0b1e)),
		now: map[int64]season.Activity{}, past: map[int64]map[string][]string{}, cropped: map[int64]bool{}, gone: map[int64]bool{},
		touched: map[touch]bool{},
	}
}

// at plans something.
func (p *people) at(t time.Time, do func(now time.Time) error) {
	p.serial++
	heap.Push(&p.todo, errand{t, p.serial, do})
}

// next is when something happens next; zero if nothing will.
func (p *people) next() time.Time {
	if len(p.todo) == 0 {
		return time.Time{}
	}
	return p.todo[0].at
}

// live lets happen what is due, and reports whether anything did.
func (p *people) live(now time.Time) (any bool, err error) {
	for len(p.todo) > 0 && !p.todo[0].at.After(now) {
		e := heap.Pop(&p.todo).(errand)
		if err := e.do(now); err != nil {
			return any, err
		}
		any = true
	}
	return any, nil
}

// settle gives an athlete exactly the stock: what the season invented beyond it is taken away.
func (p *people) settle(athlete int64, s Stock) error {
	list := p.server.Activities(athlete)
	for i := range list {
		a := &list[i]
		if i >= s.Photos || len(a.Photos) > 0 && i%2 == 1 { // some keep all of theirs, others get one
			for _, ph := range a.Photos {
				if err := p.server.RemovePhoto(a.ID, ph.UniqueID); err != nil {
					return err
				}
			}
			a.Photos = nil
		}
		if i < s.Photos && len(a.Photos) == 0 {
			if _, err := p.server.AddPhoto(a.ID, "Half way"); err != nil {
				return err
			}
		}
		// Comments begin at the other end, so that some activities have both, some one, some neither.
		want := len(list)-1-i < s.Comments
		if !want {
			for _, c := range a.Comments {
				if err := p.server.RemoveComment(a.ID, c.ID); err != nil {
					return err
				}
			}
		} else if len(a.Comments) == 0 {
			if _, err := p.server.AddComment(a.ID, friend(p.rng), "Well done"); err != nil {
				return err
			}
		}
	}
	p.learn(athlete)
	return nil
}

// learn notes what is true of an athlete's activities now.
func (p *people) learn(athlete int64) {
	for _, a := range p.server.Activities(athlete) {
		p.now[a.ID] = a
	}
}

// lead plans an athlete's life for some days from a midnight on.
func (p *people) lead(athlete int64, l Life, from time.Time, days int) {
	for d := range days {
		n := int(l.PerDay)
		if p.rng.Float64() < l.PerDay-float64(n) {
			n++
		}
		for range n {
			at := from.Add(time.Duration(d)*day + 5*time.Hour + within(p.rng, 17*time.Hour))
			p.at(at, func(now time.Time) error { return p.upload(athlete, l, now, time.Time{}) })
		}
	}
}

// leadTogether is lead for a team: as many activities each day as are a day's share of all, by athletes drawn by lot.
func (p *people) leadTogether(athletes []int64, l Life, from time.Time, days int) {
	owed := 0.0
	for d := range days {
		owed += l.PerDay * float64(len(athletes))
		for i := 0; owed >= 1; i, owed = i+1, owed-1 {
			if i %= len(athletes); i == 0 {
				p.rng.Shuffle(len(athletes), func(i, j int) { athletes[i], athletes[j] = athletes[j], athletes[i] })
			}
			athlete := athletes[i]
			at := from.Add(time.Duration(d)*day + 5*time.Hour + within(p.rng, 17*time.Hour))
			p.at(at, func(now time.Time) error { return p.upload(athlete, l, now, time.Time{}) })
		}
	}
}

const day = 24 * time.Hour

func within(rng *rand.Rand, d time.Duration) time.Duration {
	return time.Duration(rng.Int64N(int64(d))).Truncate(time.Second)
}

// upload is a new activity with all that follows it. A start makes it a late one.
func (p *people) upload(athlete int64, l Life, now, start time.Time) error {
	id, err := p.server.AddActivity(athlete, start)
	if err != nil {
		return err
	}
	text := sentence(p.rng)
	late := p.rng.Float64() < l.LateText
	if late {
		text = ""
	}
	if err := p.server.SetDescription(id, text); err != nil {
		return err
	}
	for _, ph := range p.find(athlete, id).Photos { // the season has its own idea of how many there are
		if err := p.server.RemovePhoto(id, ph.UniqueID); err != nil {
			return err
		}
	}
	if p.rng.Float64() < l.Photos {
		for range 1 + p.rng.IntN(3) {
			if _, err := p.server.AddPhoto(id, "On the way"); err != nil {
				return err
			}
		}
	}
	p.now[id] = p.find(athlete, id)
	kind := Upload
	if !start.IsZero() {
		kind = UploadLate
	}
	p.uploads = append(p.uploads, upload{id, athlete, now})
	p.tell(&claim{kind: string(kind), athlete: athlete, id: id, at: now, whole: true})
	if late {
		p.at(now.Add(5*time.Minute+within(p.rng, 20*time.Hour)), func(now time.Time) error {
			return p.ifSuited(p.do(Describe, string(Describe), athlete, id, now))
		})
	}
	if p.rng.Float64() < l.Comments {
		p.at(now.Add(10*time.Minute+within(p.rng, 12*time.Hour)), func(now time.Time) error {
			return p.ifSuited(p.do(AddComment, string(AddComment), athlete, id, now))
		})
	}
	return nil
}

// ifSuited forgives that an activity has gone meanwhile.
func (p *people) ifSuited(err error) error {
	if errors.Is(err, errUnsuited) {
		return nil
	}
	return err
}

func (p *people) find(athlete, id int64) season.Activity {
	for _, a := range p.server.Activities(athlete) {
		if a.ID == id {
			return a
		}
	}
	return season.Activity{}
}

// errUnsuited says that a deed can't be done to this activity.
var errUnsuited = errors.New("the activity doesn't suit")

// do does a deed to an activity and claims that it will be served. It is no mistake if the activity is gone.
func (p *people) do(d Deed, kind string, athlete, id int64, now time.Time) error {
	before, here := p.now[id]
	if !here {
		return errUnsuited
	}
	if err := p.change(d, &before); err != nil {
		return err
	}
	if d == Delete {
		p.gone[id] = true
		delete(p.now, id)
		p.tell(&claim{kind: kind, athlete: athlete, id: id, at: now})
		return nil
	}
	p.changed(d, kind, athlete, &before, now)
	return nil
}

// changed takes in what a deed has made of an activity, and claims that it will be served.
func (p *people) changed(d Deed, kind string, athlete int64, before *season.Activity, now time.Time) {
	after := p.find(athlete, before.ID)
	p.note(before, &after)
	p.now[after.ID] = after
	p.tell(&claim{kind: kind, athlete: athlete, id: after.ID, at: now, field: fieldOf[d]})
}

// note keeps what was true, for everything that is not any more.
func (p *people) note(before, after *season.Activity) {
	for _, f := range fields {
		was, is := f.there(before), f.there(after)
		if was == is {
			continue
		}
		if p.past[after.ID] == nil {
			p.past[after.ID] = map[string][]string{}
		}
		if len(p.past[after.ID][f.name]) == 0 {
			p.past[after.ID][f.name] = []string{was}
		}
		p.past[after.ID][f.name] = append(p.past[after.ID][f.name], is)
	}
}

func valueOf(name string, a *season.Activity) string {
	for _, f := range fields {
		if f.name == name {
			return f.there(a)
		}
	}
	return ""
}

// change carries a deed out on Strava.
func (p *people) change(d Deed, a *season.Activity) error {
	s := p.server
	switch d {
	case Describe:
		return s.SetDescription(a.ID, sentence(p.rng))
	case Rename:
		return s.Rename(a.ID, sentence(p.rng))
	case Retype:
		other := "Hike"
		if a.SportType == other {
			other = "Walk"
		}
		return s.SetType(a.ID, other)
	case Crop:
		if a.Manual || a.Elapsed < 10*time.Minute || s.Crop(a.ID, time.Minute, a.Elapsed-2*time.Minute) != nil {
			return errUnsuited
		}
		p.cropped[a.ID] = true
		return nil
	case AddPhoto:
		_, err := s.AddPhoto(a.ID, sentence(p.rng))
		return err
	case RemovePhotos:
		if len(a.Photos) == 0 {
			return errUnsuited
		}
		for _, ph := range a.Photos {
			if err := s.RemovePhoto(a.ID, ph.UniqueID); err != nil {
				return err
			}
		}
		return nil
	case AddComment:
		for range 1 + p.rng.IntN(3) {
			if _, err := s.AddComment(a.ID, friend(p.rng), sentence(p.rng)); err != nil {
				return err
			}
		}
		return nil
	case RemoveComments:
		if len(a.Comments) == 0 {
			return errUnsuited
		}
		for _, c := range a.Comments {
			if err := s.RemoveComment(a.ID, c.ID); err != nil {
				return err
			}
		}
		return nil
	case Hide, Narrow, Show:
		to := map[Deed]string{Hide: stravatest.OnlyMe, Narrow: stravatest.FollowersOnly, Show: stravatest.Everyone}[d]
		if a.Visibility == to {
			return errUnsuited
		}
		return s.SetVisibility(a.ID, to)
	case Delete:
		return s.Delete(a.ID)
	}
	return fmt.Errorf("simulate: nobody knows how to do %q", d)
}

func (p *people) tell(c *claim) { p.told = append(p.told, c) }

// shown reports how far a value is on the way from what was first true to what is true now: its place among all
// values that were ever true, -1 if it never was. Of equal ones the newest counts.
func (p *people) shown(id int64, f *field, value string) int {
	if past := p.past[id][f.name]; len(past) > 0 {
		for i, v := range slices.Backward(past) {
			if v == value {
				return i
			}
		}
		return -1
	}
	a, ok := p.now[id]
	if !ok || f.there(&a) == value {
		return 0
	}
	return -1
}

var (
	firsts = []string{"Jo", "Sam", "Ada", "Max", "Ines", "Tom"}
	words  = []string{"rain", "hill", "sun", "wind", "mud", "river", "legs", "coffee", "early", "steady", "fast", "slow"}
)

func friend(rng *rand.Rand) season.Person {
	return season.Person{First: firsts[rng.IntN(len(firsts))], Last: string(rune('A'+rng.IntN(26))) + "."}
}

// sentence is a text that was hardly ever there before.
func sentence(rng *rand.Rand) string {
	pick := func() string { return words[rng.IntN(len(words))] }
	return fmt.Sprintf("%s, %s and %s, %d", pick(), pick(), pick(), rng.IntN(1_000_000))
}
