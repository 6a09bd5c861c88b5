package store

import (
	"slices"

	"github.com/go-json-experiment/json"
)

// A Forgetter leaves athletes who have left out of a dump, row by row, and notes their departures in it. Make one with
// [NewForgetter] for each dump.
type Forgetter struct {
	left  []Departure // those to leave out
	all   string      // all departures, as the setting has them
	noted bool
	known map[int64]bool

	// Dropped is how many rows were left out so far.
	Dropped int
}

// DeparturesIn returns the departures that a row of a dump notes; ok is false for every other row.
func DeparturesIn(row Row) (all []Departure, ok bool, err error) {
	if row.Table != tSettings.name {
		return nil, false, nil
	}
	r, err := parseRow(row)
	if err != nil {
		return nil, false, err
	}
	if name, _ := r.v[0].(string); name != departuresName {
		return nil, false, nil
	}
	if err := r.verify(); err != nil {
		return nil, true, err
	}
	text, _ := r.v[1].(string)
	all, err = parseDepartures(unescapeText(text))
	return all, true, err
}

// NewForgetter returns one for a dump that notes some departures already, which it keeps. Who left by those of the
// departures that it doesn't note is to be left out: nil if there is nobody.
func NewForgetter(departures, noted []Departure) (*Forgetter, error) {
	f := &Forgetter{known: map[int64]bool{}}
	for _, d := range departures {
		if !slices.ContainsFunc(noted, func(n Departure) bool { return n.Print == d.Print }) {
			f.left = append(f.left, d)
		}
	}
	if len(f.left) == 0 {
		return nil, nil
	}
	var err error
	f.all, err = departuresText(append(slices.Clone(noted), f.left...))
	return f, err
}

// Row yields what becomes of a row: the row itself, nothing, or the departures besides. The dump's epoch becomes another
// one, as after PurgeAthlete.
func (f *Forgetter) Row(row Row, yield func(Row) error) error {
	t := tableNamed(row.Table)
	switch {
	case t == tMeta:
		r, err := parseRow(row)
		if err != nil {
			return err
		}
		r.v[1] = newEpoch()
		return yield(remade(r))
	case t == tSettings:
		r, err := parseRow(row)
		if err != nil {
			return err
		}
		name, _ := r.v[0].(string)
		if name >= departuresName {
			if err := f.note(yield); err != nil || name == departuresName {
				return err
			}
		}
		return yield(row)
	}
	if err := f.note(yield); err != nil {
		return err
	}
	if t == nil || t.about("athlete_id") {
		var who struct {
			AthleteID int64 `json:"athlete_id"`
		}
		if err := json.Unmarshal(row.JSON, &who); err != nil {
			return err
		}
		if f.leaves(who.AthleteID) {
			f.Dropped++
			return nil
		}
	}
	return yield(row)
}

// note yields the departures, once, in the order of keys.
func (f *Forgetter) note(yield func(Row) error) error {
	if f.noted {
		return nil
	}
	f.noted = true
	return yield(remade(&record{t: tSettings, v: values{departuresName, f.all}}))
}

func (f *Forgetter) leaves(athleteID int64) bool {
	leaves, known := f.known[athleteID]
	if !known {
		leaves = slices.ContainsFunc(f.left, func(d Departure) bool { return d.Of(athleteID) })
		f.known[athleteID] = leaves
	}
	return leaves
}

// remade is a row of a dump with the checksum of its values as they are now.
func remade(r *record) Row {
	r.sum = r.t.sum(r.v)
	return Row{Table: r.t.name, JSON: r.json()}
}
