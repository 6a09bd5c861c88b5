package main

import (
	"context"
	"errors"
	"fmt"

	"musette/keeper"
	"musette/store"
)

type verifyCmd struct {
	settings
	Repair bool `help:"mend what is damaged; what is taken out is kept"`
	JSON   bool `help:"one line of JSON"`
}

func (verifyCmd) Help() string {
	return `musette verify              exit code 0: all is whole, 1: something is damaged
musette verify --repair     mends it, and says what it did
musette verify --json`
}

// verdict is what a check of the store came to, and what was done about it.
type verdict struct {
	Clean    bool     `json:"clean"` // nothing is damaged, or not any more
	Rows     int      `json:"rows"`  // read and found to be whole
	Damaged  []badRow `json:"damaged"`
	File     []string `json:"file"` // what is wrong with the database as a whole
	Repaired []string `json:"repaired,omitempty"`
	Aside    string   `json:"aside,omitempty"` // where what was taken out is kept
}

// badRow is one damaged row.
type badRow struct {
	Table  string `json:"table"`
	Key    string `json:"key"`
	Reason string `json:"reason"`
}

// damagedShown is how many damaged rows are named one by one for people.
const damagedShown = 20

func (c *verifyCmd) Run(ctx context.Context, a *app) error {
	v := verdict{Damaged: []badRow{}, File: []string{}}
	err := c.check(ctx, a, &v)
	if err == nil && c.Repair && !v.Clean {
		err = c.repair(ctx, a, &v)
	}
	if err != nil {
		if held, ok := errors.AsType[*store.HeldError](err); ok {
			return failed("nothing was changed; it mends damaged rows by itself, every day and at its start. Or stop it, and run `musette verify --repair`",
				"%s is keeping this copy up to date", plain(held.Holder))
		}
		return err
	}
	if err := v.write(a, c.JSON); err != nil || v.Clean {
		return err
	}
	return failed("`musette verify --repair` mends it; nothing is deleted by that", "the store is damaged")
}

// check looks at everything. That the store can't be opened for damage is a finding too.
func (c *verifyCmd) check(ctx context.Context, a *app, v *verdict) error {
	*v = verdict{Damaged: []badRow{}, File: []string{}, Repaired: v.Repaired, Aside: v.Aside}
	open := a.storeToRead
	if c.Repair {
		open = a.existingStore
	}
	st, err := open(ctx)
	if err == nil {
		err = a.lostMoments(ctx, st)
	}
	if fileDamaged(err) {
		v.File = append(v.File, plain(err.Error()))
		return nil
	}
	if err != nil {
		return err
	}
	found, err := st.Check(ctx)
	if err != nil {
		return err
	}
	v.Clean, v.Rows = found.Clean(), found.Rows
	for _, text := range found.File {
		v.File = append(v.File, plain(text))
	}
	for _, d := range found.Damaged { // a damaged key may be any bytes
		v.Damaged = append(v.Damaged, badRow{d.Table, plain(d.Key), d.Reason})
	}
	return nil
}

// repair mends what was found, and looks again.
func (c *verifyCmd) repair(ctx context.Context, a *app, v *verdict) error {
	if len(v.File) == 0 {
		k := keeper.New(keeper.Config{Store: a.openStore, Policy: a.cfg.Policy, Filter: a.cfg.Filter, Now: a.now, Log: a.log})
		done, err := k.Repair(ctx, a.repairing())
		v.Repaired, v.Aside = done.InWords(), done.Aside
		if fileDamaged(err) { // which no look at the rows has found, but writing does
			v.File = append(v.File, plain(err.Error()))
		} else if err != nil {
			return err
		}
	}
	if len(v.File) > 0 {
		if err := c.replace(ctx, a, v); err != nil {
			return err
		}
	}
	damaged, file := v.Damaged, v.File
	if err := c.check(ctx, a, v); err != nil {
		return err
	}
	if v.Clean { // what was wrong is still told
		v.Damaged, v.File = damaged, file
	}
	return nil
}

// replace makes a new database in the place of one that is damaged as such.
func (c *verifyCmd) replace(ctx context.Context, a *app, v *verdict) error {
	if a.cfg.DatabaseURL != "" {
		return failed("nothing was changed; the server's own log says more, and its backups or `musette backup restore` into a new database help",
			"the database server says that its data are damaged: %s", v.File[0])
	}
	if err := a.reopen(); err != nil {
		return err
	}
	done, err := a.replaceFile(ctx, nil)
	if err != nil {
		return err
	}
	v.Repaired, v.Aside = done.inWords(), done.aside
	if done.from == nil {
		v.Repaired = append(v.Repaired, "found whole: "+rowsInWords(done.salvaged))
	}
	return nil
}

func (v *verdict) write(a *app, asJSON bool) error {
	if asJSON {
		return writeJSON(a, v)
	}
	for _, line := range v.File {
		fmt.Fprintf(a.out, "the file: %s\n", plain(line))
	}
	for i, d := range v.Damaged {
		if i == damagedShown {
			fmt.Fprintf(a.out, "and %d more\n", len(v.Damaged)-i)
			break
		}
		fmt.Fprintf(a.out, "row %s of %s: %s\n", plain(d.Key), d.Table, plain(d.Reason))
	}
	for _, line := range v.Repaired {
		fmt.Fprintln(a.out, line)
	}
	if v.Aside != "" {
		fmt.Fprintf(a.out, "what was taken out is kept in %s\n", v.Aside)
	}
	if v.Clean {
		_, err := fmt.Fprintf(a.out, "all is whole: %d rows\n", v.Rows)
		return err
	}
	return nil
}
