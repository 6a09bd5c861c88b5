package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"

	"musette/keeper"
	"musette/snapshot"
	"musette/store"
)

type backupCmd struct {
	Create  backupCreateCmd  `cmd:"" help:"write a snapshot of everything, and prove it"`
	List    backupListCmd    `cmd:"" help:"list the snapshots"`
	Verify  backupVerifyCmd  `cmd:"" help:"read a snapshot and see that it is whole"`
	Restore backupRestoreCmd `cmd:"" help:"make the store what a snapshot says; what it replaces is kept"`
}

// snapshotting is how snapshots are written. With a retention they go when they are half as old: by then what is in them
// was confirmed for the last time about one retention ago.
func (a *app) snapshotting() snapshot.Config {
	return snapshot.Config{Dir: a.cfg.snapshots(), Now: a.now, MaxAge: a.cfg.Policy.Retention / 2}
}

// snapshots is the directory that snapshots are in.
func (c *config) snapshots() string { return filepath.Join(c.DataDir, "snapshots") }

type backupCreateCmd struct {
	settings
}

func (backupCreateCmd) Help() string {
	return `musette backup create
cp "$(musette backup create)" /mnt/elsewhere/

It exits with 1 if a copy in MUSETTE_BACKUP_DIR is missing, and names the snapshot all the same.`
}

func (c *backupCreateCmd) Run(ctx context.Context, a *app) error {
	st, err := a.storeToRead(ctx)
	if err != nil {
		return err
	}
	info, uncopied, err := a.writeSnapshot(ctx, st, "")
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(a.out, info.Path); err != nil {
		return err
	}
	a.say("%s · read back and found to be what the store holds", contents(info))
	if uncopied != nil { // a script that counts on the copy must notice
		return failed("the snapshot that is named above is whole all the same", "%w", uncopied)
	}
	if a.cfg.BackupDir != "" {
		a.say("copied to %s, and read back there", a.cfg.BackupDir)
	}
	return nil
}

// everySnapshots are all directories that snapshots are in.
func (c *config) everySnapshots() []string {
	dirs := []string{c.snapshots()}
	if c.BackupDir != "" {
		dirs = append(dirs, c.BackupDir)
	}
	return dirs
}

// writeSnapshot writes a snapshot with copies of the pictures beside it, and copies both to the further directory if there
// is one; uncopied says why copying has failed, which is noted in the store and makes the snapshot no worse. spare is a file that stays in any case.
func (a *app) writeSnapshot(ctx context.Context, st *store.Store, spare string) (info snapshot.Info, uncopied, err error) {
	c := a.snapshotting()
	c.Spare = spare
	if info, err = snapshot.Write(ctx, st, c); err != nil {
		return info, nil, err
	}
	uncopied = a.copyPictures(ctx, st)
	if a.cfg.BackupDir == "" {
		return info, uncopied, nil
	}
	c.Dir = a.cfg.BackupDir
	if err := snapshot.Copy(ctx, info, c); err != nil {
		uncopied = fmt.Errorf("the snapshot is not in the further directory, only in %s: %w; mount it, free some space or "+
			"change MUSETTE_BACKUP_DIR, the next snapshot tries again", a.cfg.snapshots(), err)
	}
	return info, uncopied, keeper.Note(ctx, st, keeper.WorryCopy, uncopied, a.now())
}

// keepSnapshot is what whoever syncs does after changes. That a snapshot can't be written is noted too, as long as the
// store takes it; damaged rows are mended, and it is tried again.
func (a *app) keepSnapshot(ctx context.Context) error {
	_, uncopied, err := a.writeSnapshot(ctx, a.openStore, "")
	if uncopied != nil {
		a.log.Warn("a snapshot was not copied", "error", uncopied)
	}
	worry := err
	if ctx.Err() != nil {
		worry = nil
	}
	if e := keeper.Note(ctx, a.openStore, keeper.WorryBackup, worry, a.now()); err == nil {
		err = e
	}
	return err
}

// contents is what a snapshot has in it, in words: 60 activities, 210 documents, 1.2 MB.
func contents(i snapshot.Info) string {
	activities := "activities"
	if i.Rows["activities"] == 1 {
		activities = "activity"
	}
	return fmt.Sprintf("%d %s, %d %s, %s", i.Rows["activities"], activities,
		i.Rows["documents"], plural(i.Rows["documents"], "document"), bytesInWords(i.Bytes))
}

// bytesInWords is 812 B, 64 kB, 1.2 MB.
func bytesInWords(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1_000_000:
		return fmt.Sprintf("%d kB", n/1000)
	case n < 1_000_000_000:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(n)/1e9)
}

type backupListCmd struct {
	settings
}

func (backupListCmd) Help() string { return "musette backup list" }

func (c *backupListCmd) Run(ctx context.Context, a *app) error {
	var list []snapshot.Info
	for _, dir := range a.cfg.everySnapshots() {
		found, err := snapshot.List(ctx, dir)
		if err != nil {
			return err
		}
		list = append(list, found...)
	}
	if len(list) == 0 {
		a.say("there are no snapshots in %s; `musette backup create` writes one", a.cfg.snapshots())
		return nil
	}
	t := &table{right: []int{1, 2, 3}}
	t.row("written", "activities", "documents", "kB", "state", "file")
	for _, i := range list {
		state, activities, documents := "whole", strconv.Itoa(i.Rows["activities"]), strconv.Itoa(i.Rows["documents"])
		if i.Err != nil {
			state, activities, documents = "unusable", "-", "-"
		}
		t.row(i.At.Local().Format("2006-01-02 15:04:05"), activities, documents, strconv.FormatInt((i.Bytes+999)/1000, 10), state, i.Path)
	}
	return t.write(a.out)
}

type backupVerifyCmd struct {
	settings
	File string `arg:"" optional:"" help:"the snapshot; the newest if left out"`
}

func (backupVerifyCmd) Help() string {
	return `musette backup verify
musette backup verify /mnt/elsewhere/snapshot-20261123T141500Z.jsonl.zst`
}

func (c *backupVerifyCmd) Run(ctx context.Context, a *app) error {
	file := c.File
	if file == "" {
		list, err := snapshot.List(ctx, a.cfg.snapshots())
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return failed("`musette backup create` writes one", "there are no snapshots in %s", a.cfg.snapshots())
		}
		file = list[0].Path
	}
	info, err := snapshot.Verify(ctx, file)
	if err != nil {
		return explainSnapshot(err)
	}
	_, err = fmt.Fprintf(a.out, "%s is whole: %s, written %s\n", info.Path, contents(info), info.At.Local().Format("2006-01-02 15:04:05"))
	return err
}

func explainSnapshot(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return failed("`musette backup list` shows those there are", "%w", err)
	case errors.Is(err, snapshot.ErrNone):
		return failed("nothing was changed; `musette backup list` shows what there is, and a file can be named", "%w", err)
	case errors.Is(err, snapshot.ErrNewer):
		return failed("use the musette that wrote it, or a newer one", "%w", err)
	case errors.Is(err, snapshot.ErrCutShort), errors.Is(err, snapshot.ErrAltered), errors.Is(err, snapshot.ErrNotSnapshot):
		return failed("it can't be used; `musette backup list` shows the others, `musette backup create` writes a new one", "%w", err)
	}
	return err
}
