package keeper

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"musette"
	"musette/snapshot"
	"musette/store"
	"musette/token"
)

// Repairing says where Repair finds what was, and where it keeps what it takes out.
type Repairing struct {
	Snapshots []string // directories; the newest snapshot that verifies is looked into
	Aside     string   // the directory that gets a file with the damaged rows
}

// Repaired is what Repair did.
type Repaired struct {
	Mended  []store.Mended
	Missing []*store.DamageError // said that rows were missing; what belongs there is due again
	Aside   string               // the file with the rows that were taken out; "" for none
}

// Repair mends damaged rows one by one: each is taken out, into a file of its own, and in its place comes the row as the
// newest good snapshot has it. Whatever isn't what was damaged, or isn't there at all, is derived from the documents or
// becomes due again. It leads meanwhile: the error is a [store.HeldError] if another process does. What is wrong with an
// SQLite file as a whole it can't mend: the error is a store.ErrCorrupt then, and nothing is changed.
func (k *Keeper) Repair(ctx context.Context, r Repairing) (done Repaired, err error) {
	err = k.leading(ctx, func(ctx context.Context) error {
		found, err := k.Store.Check(ctx)
		if err != nil {
			return err
		}
		if found.Clean() {
			return Note(ctx, k.Store, WorryDamage, nil, k.Now())
		}
		if len(found.File) > 0 {
			return fmt.Errorf("%w: %s", store.ErrCorrupt, found.File[0])
		}
		if done, err = k.repair(ctx, found, r); err != nil {
			return err
		}
		return Note(ctx, k.Store, WorryDamage, done.worry(), k.Now())
	})
	return done, err
}

func (k *Keeper) repair(ctx context.Context, found store.Findings, r Repairing) (done Repaired, err error) {
	known, err := knownRows(ctx, found, r.Snapshots)
	if err != nil {
		return done, err
	}
	aside := &asideFile{dir: r.Aside, name: "rows-" + k.Now().UTC().Format("20060102T150405Z") + ".jsonl"}
	defer aside.close()
	now := k.Now()
	err = k.Store.Update(ctx, k.lease, func(tx *store.Tx) error {
		var err error
		if done.Mended, err = tx.Mend(ctx, store.Mending{Known: known, Aside: aside.add}); err != nil {
			return err
		}
		for _, m := range done.Mended {
			if err := k.fetchAgain(ctx, tx, m); err != nil {
				return err
			}
		}
		if err := reconcile(ctx, tx, now); err != nil {
			return err
		}
		if err := token.TakeInAgain(ctx, tx); err != nil {
			return err
		}
		if err := tx.PutSetting(ctx, fitted, ""); err != nil { // everything is derived anew, also if this process is killed
			return err
		}
		return aside.sync()
	})
	if err != nil {
		return Repaired{}, fmt.Errorf("mending damaged rows, of which nothing was kept: %w", err)
	}
	for _, m := range done.Mended {
		k.Log.Warn("a damaged row was taken out", "table", m.Damage.Table, "row", m.Damage.Key, "reason", m.Damage.Reason, "instead", m.Instead)
	}
	for _, d := range found.Damaged {
		if !slices.ContainsFunc(done.Mended, func(m store.Mended) bool { return m.Damage.Table == d.Table && m.Damage.Key == d.Key }) {
			done.Missing = append(done.Missing, d)
		}
	}
	done.Aside, k.changed = aside.path, true
	return done, k.refit(ctx)
}

// fetchAgain makes due what a row that was taken out had, unless the very same is back.
func (k *Keeper) fetchAgain(ctx context.Context, tx *store.Tx, m store.Mended) error {
	if m.Damage.Table != "documents" || m.Instead == store.InsteadSame || m.Key.Part == musette.PartSummary {
		return nil // of summaries the sweep brings new ones
	}
	states, err := partStates(ctx, tx, m.Key.AthleteID, m.Key.ActivityID)
	if err != nil {
		return err
	}
	st, ok := states[m.Key.Part]
	if !ok {
		return nil // derived anew, and then scheduled
	}
	if m.Instead == store.InsteadNothing {
		st.Outcome = musette.OutcomeNever
	}
	return tx.PutPartState(ctx, k.Policy.Asked(st, musette.ClassRecent, k.Now()))
}

// knownRows looks up damaged rows in the newest good snapshot, if there is one.
func knownRows(ctx context.Context, found store.Findings, dirs []string) (map[[2]string]store.Row, error) {
	wanted, tables := map[[2]string]bool{}, map[string]bool{}
	for _, d := range found.Damaged {
		wanted[[2]string{d.Table, d.Key}], tables[d.Table] = true, true
	}
	known := map[[2]string]store.Row{}
	newest, err := snapshot.NewestIn(ctx, dirs...)
	if errors.Is(err, snapshot.ErrNone) {
		return known, nil
	}
	if err != nil {
		return nil, err
	}
	_, err = snapshot.Inspect(ctx, newest.Path, func(row store.Row) error {
		if !tables[row.Table] {
			return nil
		}
		if at := [2]string{row.Table, row.Key()}; wanted[at] {
			known[at] = store.Row{Table: row.Table, JSON: slices.Clone(row.JSON)}
		}
		return nil
	})
	return known, err
}

// asideFile keeps rows that were taken out, a line of JSON each. It is made when there is one.
type asideFile struct {
	dir, name string
	path      string
	file      *os.File
}

func (a *asideFile) add(row store.Row, d *store.DamageError) error {
	if a.file == nil {
		if err := os.MkdirAll(a.dir, 0o700); err != nil {
			return err
		}
		var err error
		path := filepath.Join(a.dir, a.name)
		if a.file, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600); err != nil {
			return err
		}
		a.path = path
	}
	var content any = jsontext.Value(row.JSON)
	if !jsontext.Value(row.JSON).IsValid() { // no JSON can be made of what is there
		content = row.JSON
	}
	line, err := json.Marshal(map[string]any{
		"table": row.Table, "key": d.Key, "reason": d.Reason, "row": content,
	}, json.Deterministic(true), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return fmt.Errorf("keeping the damaged row %s of %s: %w", d.Key, d.Table, err)
	}
	_, err = a.file.Write(append(line, '\n'))
	return err
}

func (a *asideFile) sync() error {
	if a.file == nil {
		return nil
	}
	return a.file.Sync()
}

func (a *asideFile) close() {
	if a.file != nil {
		_ = a.file.Close()
	}
}

// InWords says what was done, a sentence for each thing, for a person to read.
func (r Repaired) InWords() (lines []string) {
	count := map[string]int{}
	for _, m := range r.Mended {
		count[m.Instead]++
	}
	words := map[string]string{
		store.InsteadSame:    "put back from a snapshot, as they were",
		store.InsteadOlder:   "put back from a snapshot, as they were then; what is newer is fetched again",
		store.InsteadNothing: "taken out; what belongs there is derived or fetched again",
		store.InsteadLeft:    "left, since more would be shown without them: no snapshot has them, so remove and add them again",
	}
	for _, how := range slices.Sorted(maps.Keys(count)) {
		lines = append(lines, fmt.Sprintf("damaged rows %s: %d", words[how], count[how]))
	}
	if len(r.Missing) > 0 {
		lines = append(lines, fmt.Sprintf("counts and sums made anew where they didn't fit: %d; what is missing is fetched again", len(r.Missing)))
	}
	return lines
}
