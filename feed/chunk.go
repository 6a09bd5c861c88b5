package feed

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"
)

// A timeline holds the entries by month, newest first. Like everything in a view it is never changed: apply makes
// another one that shares the months nothing happened in.
type timeline []*month

// A month holds the entries that start in one month, UTC, by athlete.
type month struct {
	number int     // years since 0 times 12, plus the month
	chunks []chunk // by athlete id

	merge  sync.Once // the order over all athletes is made when first asked for
	merged []*Entry
}

// A chunk holds one athlete's entries of one month, newest first. There is no empty chunk.
type chunk struct {
	athlete int64
	entries []*Entry
}

func monthOf(unix int64) int {
	t := time.Unix(unix, 0).UTC()
	return t.Year()*12 + int(t.Month()) - 1
}

// of returns the month's entries of one athlete, or of all for 0, newest first.
func (m *month) of(athlete int64) []*Entry {
	if athlete != 0 {
		i, found := m.find(athlete)
		if !found {
			return nil
		}
		return m.chunks[i].entries
	}
	m.merge.Do(func() {
		if len(m.chunks) == 1 {
			m.merged = m.chunks[0].entries
			return
		}
		for _, c := range m.chunks {
			m.merged = append(m.merged, c.entries...)
		}
		sortEntries(m.merged)
	})
	return m.merged
}

func (m *month) find(athlete int64) (int, bool) {
	return slices.BinarySearchFunc(m.chunks, athlete, func(c chunk, id int64) int { return cmp.Compare(c.athlete, id) })
}

func sortEntries(list []*Entry) {
	slices.SortFunc(list, func(a, b *Entry) int { return a.position().compare(b.position()) })
}

// after yields an athlete's entries, or all for athlete 0, that come after a position.
func (t timeline) after(p position, athlete int64) iter.Seq[*Entry] {
	return func(yield func(*Entry) bool) {
		number := monthOf(p.start)
		for _, m := range t {
			if m.number > number {
				continue
			}
			list := m.of(athlete)
			if m.number == number {
				i, found := slices.BinarySearchFunc(list, p, func(e *Entry, p position) int { return e.position().compare(p) })
				if found {
					i++
				}
				list = list[i:]
			}
			for _, e := range list {
				if !yield(e) {
					return
				}
			}
		}
	}
}

// An edit replaces an entry by another; either may be nil.
type edit struct{ old, new *Entry }

// apply returns the timeline with the edits made.
func (t timeline) apply(edits []edit) timeline {
	type key struct {
		month   int
		athlete int64
	}
	type work struct {
		out map[*Entry]bool
		in  []*Entry
	}
	todo := map[key]*work{}
	at := func(e *Entry) *work {
		k := key{monthOf(e.activity.Start.Unix()), e.activity.AthleteID}
		if todo[k] == nil {
			todo[k] = &work{out: map[*Entry]bool{}}
		}
		return todo[k]
	}
	for _, ed := range edits {
		if ed.old != nil {
			at(ed.old).out[ed.old] = true
		}
		if ed.new != nil {
			w := at(ed.new)
			w.in = append(w.in, ed.new)
		}
	}
	months := map[int]*month{}
	for _, m := range t {
		months[m.number] = m
	}
	fresh := map[int]bool{}
	for k, w := range todo {
		if !fresh[k.month] {
			fresh[k.month] = true
			m := &month{number: k.month}
			if old := months[k.month]; old != nil {
				m.chunks = slices.Clone(old.chunks)
			}
			months[k.month] = m
		}
		months[k.month].replace(k.athlete, w.out, w.in)
	}
	maps.DeleteFunc(months, func(_ int, m *month) bool { return len(m.chunks) == 0 })
	return slices.SortedFunc(maps.Values(months), func(a, b *month) int { return cmp.Compare(b.number, a.number) })
}

// replace takes entries out of an athlete's chunk and puts others in. Only apply calls it, on months of its own.
func (m *month) replace(athlete int64, out map[*Entry]bool, in []*Entry) {
	i, found := m.find(athlete)
	list := in
	if found {
		for _, e := range m.chunks[i].entries {
			if !out[e] {
				list = append(list, e)
			}
		}
	}
	sortEntries(list)
	switch {
	case found && len(list) == 0:
		m.chunks = slices.Delete(m.chunks, i, i+1)
	case found:
		m.chunks[i].entries = list
	case len(list) > 0:
		m.chunks = slices.Insert(m.chunks, i, chunk{athlete, list})
	}
}

// An index finds entries by id. It is split so that an edit copies a small part of it.
type index [256]map[int64]*Entry

func (x *index) get(id int64) *Entry { return x[uint64(id)%uint64(len(x))][id] }

// apply returns the index with the edits made.
func (x *index) apply(edits []edit) *index {
	next := *x
	var own [len(next)]bool
	shard := func(id int64) map[int64]*Entry {
		i := uint64(id) % uint64(len(next))
		if !own[i] {
			own[i] = true
			if next[i] = maps.Clone(next[i]); next[i] == nil {
				next[i] = map[int64]*Entry{}
			}
		}
		return next[i]
	}
	for _, ed := range edits {
		if ed.old != nil {
			delete(shard(ed.old.activity.ID), ed.old.activity.ID)
		}
		if ed.new != nil {
			shard(ed.new.activity.ID)[ed.new.activity.ID] = ed.new
		}
	}
	return &next
}
