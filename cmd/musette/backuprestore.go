package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"musette/keeper"
	"musette/snapshot"
	"musette/store"
)

type backupRestoreCmd struct {
	settings
	File string `arg:"" optional:"" help:"the snapshot; the newest that is whole if left out"`
	Yes  bool   `help:"don't ask before something is replaced"`
	JSON bool   `help:"one line of JSON at the end"`
}

func (backupRestoreCmd) Help() string {
	return `musette backup restore                 the newest snapshot that is whole
musette backup restore --yes /mnt/elsewhere/snapshot-20261123T141500Z.jsonl.zst
DATABASE_URL=postgres://… musette backup restore FILE     moves it to Postgres`
}

// holdings are what a store has, as far as a restore asks.
type holdings struct {
	athletes   []int64 // known, or connected
	activities int
	documents  bool
	seq        int64
	epoch      string
	listed     time.Time // when a list was last complete
}

func (h holdings) empty() bool { return h.activities == 0 && !h.documents }

// holdingsOf counts what a store has; damaged rows count too.
func holdingsOf(ctx context.Context, st *store.Store) (h holdings, err error) {
	err = st.View(ctx, func(tx *store.Tx) error {
		athletes, err := tx.Athletes(ctx)
		if notDamage(err) != nil {
			return err
		}
		for _, who := range athletes {
			h.athletes = append(h.athletes, who.ID)
			if who.ListedAt.After(h.listed) {
				h.listed = who.ListedAt
			}
			ids, err := tx.DocumentedIDs(ctx, who.ID)
			if err != nil {
				return err
			}
			h.documents = h.documents || len(ids) > 0
			for a, err := range tx.Activities(ctx, who.ID) {
				if notDamage(err) != nil {
					return err
				}
				if a.ID != 0 && (err != nil || a.Status != store.StatusGone) {
					h.activities++
				}
			}
		}
		grants, err := tx.Grants(ctx)
		if notDamage(err) != nil {
			return err
		}
		for _, g := range grants {
			if g.AthleteID != 0 {
				h.athletes = append(h.athletes, g.AthleteID)
			}
		}
		at, err := tx.Position(ctx)
		h.epoch, h.seq = at.Epoch, at.Seq
		return notDamage(err)
	})
	slices.Sort(h.athletes)
	h.athletes = slices.Compact(h.athletes)
	return h, err
}

func (c *backupRestoreCmd) Run(ctx context.Context, a *app) error {
	chosen, err := c.choose(ctx, a)
	if err != nil {
		return explainSnapshot(err)
	}
	st, err := a.store(ctx)
	if fileDamaged(err) && a.cfg.DatabaseURL == "" {
		return c.anew(ctx, a, chosen)
	}
	if err != nil {
		return err
	}
	have, err := holdingsOf(ctx, st)
	if fileDamaged(err) && a.cfg.DatabaseURL == "" {
		return c.anew(ctx, a, chosen)
	}
	if err != nil {
		return err
	}
	if err := sameAthletes(have, chosen); err != nil {
		return err
	}
	if err := c.ask(a, have, chosen); err != nil {
		return err
	}
	return c.restore(ctx, a, st, have, chosen)
}

// choose reads the snapshot whole, so that one that can't be used costs nothing else.
func (c *backupRestoreCmd) choose(ctx context.Context, a *app) (snapshot.Contents, error) {
	if c.File == "" {
		newest, err := snapshot.NewestIn(ctx, a.cfg.everySnapshots()...)
		if err != nil {
			return snapshot.Contents{}, err
		}
		c.File = newest.Path
	}
	return snapshot.Inspect(ctx, c.File, nil)
}

// sameAthletes refuses a snapshot of somebody else.
func sameAthletes(have holdings, chosen snapshot.Contents) error {
	if len(have.athletes) == 0 || len(chosen.Athletes) == 0 {
		return nil
	}
	for _, id := range chosen.Athletes {
		if slices.Contains(have.athletes, id) {
			return nil
		}
	}
	return failed("nothing was changed; restore it into another data directory (--data) or database, or choose one of `musette backup list`",
		"this snapshot is of athlete %d, the store is of athlete %d", chosen.Athletes[0], have.athletes[0])
}

// ask lets a person say whether what is here is to be replaced.
func (c *backupRestoreCmd) ask(a *app, have holdings, chosen snapshot.Contents) error {
	if c.Yes || have.empty() {
		return nil
	}
	newer := ""
	if have.listed.After(chosen.At) {
		newer = ", and was brought up to date after that"
	}
	fmt.Fprintf(a.err, "The store has %s%s.\nThe snapshot of %s has %d. What is here now is kept as a snapshot of its own.\nReplace it? [y/N] ",
		activitiesInWords(have.activities), newer, chosen.At.Local().Format("2 January 2006 15:04:05"), chosen.Rows["activities"])
	answer, err := bufio.NewReader(a.in).ReadString('\n')
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	fmt.Fprintln(a.err)
	if err != nil && answer == "" {
		return failed("nothing was changed; `musette backup restore --yes` doesn't ask", "the store isn't empty, and nobody answered whether to replace it")
	}
	return failed("nothing was changed", "not restored")
}

// restore replaces what is here, after it has been kept.
func (c *backupRestoreCmd) restore(ctx context.Context, a *app, st *store.Store, have holdings, chosen snapshot.Contents) error {
	done := restored{Restored: chosen.Path, Activities: chosen.Rows["activities"], Documents: chosen.Rows["documents"]}
	k := keeper.New(keeper.Config{Store: st, Policy: a.cfg.Policy, Filter: a.cfg.Filter, Now: a.now, Log: a.log, Repairing: a.repairing()})
	keep := func(ctx context.Context) error {
		if have.empty() {
			return nil
		}
		info, err := k.Keep(ctx, func(ctx context.Context) (snapshot.Info, error) {
			info, uncopied, err := a.writeSnapshot(ctx, st, chosen.Path)
			if uncopied != nil {
				a.say("%s", plain(uncopied.Error()))
			}
			return info, err
		})
		done.Replaced = info.Path
		return err
	}
	bar, far := a.restoring()
	var err error
	done.Kept, err = k.Restore(ctx, chosen.Info, keep, far)
	bar.abandon()
	if held, ok := errors.AsType[*store.HeldError](err); ok {
		return failed("nothing was changed; stop it first, restore, and start it again", "%s is keeping this copy up to date", plain(held.Holder))
	}
	if err != nil {
		if ctx.Err() != nil {
			return failed("nothing was changed; `musette backup restore` begins again", "stopped")
		}
		return explainSnapshot(err)
	}
	a.bringPictures(ctx, st, chosen.Path)
	return c.report(a, done)
}

// anew restores where the SQLite file itself can't be used: a new file takes its place, and it is set aside.
func (c *backupRestoreCmd) anew(ctx context.Context, a *app, chosen snapshot.Contents) error {
	if err := a.reopen(); err != nil {
		return err
	}
	r, err := a.replaceFile(ctx, &chosen.Info)
	if err != nil {
		return err
	}
	return c.report(a, restored{
		Restored: chosen.Path, Activities: chosen.Rows["activities"], Documents: chosen.Rows["documents"], Replaced: r.aside,
	})
}

// restored is what a restore did.
type restored struct {
	Restored   string `json:"restored"`
	Activities int    `json:"activities"`
	Documents  int    `json:"documents"`
	Kept       int    `json:"kept"`               // activities that Strava no longer has
	Replaced   string `json:"replaced,omitempty"` // where what was here is kept
}

func (c *backupRestoreCmd) report(a *app, done restored) error {
	if c.JSON {
		return writeJSON(a, &done)
	}
	a.say("restored %s, %d %s from %s", activitiesInWords(done.Activities), done.Documents, plural(done.Documents, "document"), done.Restored)
	if done.Kept > 0 {
		a.say("%s no longer on Strava: kept, for your eyes only; `musette deletions list` shows them", activitiesInWords(done.Kept))
	}
	if done.Replaced != "" {
		a.say("what was here is kept in %s", done.Replaced)
	}
	a.say("next: `musette sync` or `musette serve` looks at Strava's list once, and fetches only what is other than here")
	return nil
}

// restoring is a progress line for rows that are restored, with an estimate from how long it took so far.
func (a *app) restoring() (*progress, func(done, total int)) {
	bar, began := newProgress(a.err, a.log, a.now), a.now()
	return bar, func(done, total int) {
		t := tally{Verb: "restoring", What: "rows", Done: done, Total: total}
		if took := a.now().Sub(began); done > 0 && took > time.Second {
			t.ETA = a.now().Add(took * time.Duration(total-done) / time.Duration(done))
		}
		bar.show(t)
	}
}
