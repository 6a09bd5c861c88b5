package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"musette"
	"musette/store"
)

// wantSound opens the program's store, which no process may have open, and reads every document: the checksum of each
// must be right.
func (p *program) wantSound() {
	p.t.Helper()
	ctx := p.t.Context()
	st, err := store.Open(ctx, store.Config{Dir: p.data})
	if err != nil {
		p.t.Fatal(err)
	}
	defer st.Close()
	documents := 0
	err = st.View(ctx, func(tx *store.Tx) error {
		athletes, err := tx.Athletes(ctx)
		if err != nil {
			return err
		}
		for _, who := range athletes {
			for a, err := range tx.Activities(ctx, who.ID) {
				if err != nil {
					return err
				}
				docs, err := tx.Documents(ctx, who.ID, a.ID)
				if err != nil {
					return err
				}
				for _, d := range docs {
					if sha256.Sum256(d.Body) != d.SHA256 {
						return fmt.Errorf("%s of activity %d isn't what came", d.Part, a.ID)
					}
				}
				documents += len(docs)
			}
		}
		return nil
	})
	if err != nil {
		p.t.Errorf("the store is damaged: %v", err)
	}
	if documents == 0 {
		p.t.Error("the store has no documents")
	}
}

// contents is a hash over what a store holds of athletes and activities: what must not change when something fails.
func (p *program) contents() string {
	p.t.Helper()
	st, err := store.Open(p.t.Context(), store.Config{Dir: p.data})
	if err != nil {
		p.t.Fatal(err)
	}
	defer st.Close()
	h := sha256.New()
	err = st.Dump(p.t.Context(), func(r store.Row) error {
		switch r.Table {
		case "activities", "documents", "document_history", "changes":
			fmt.Fprintf(h, "%s %s\n", r.Table, r.JSON)
		}
		return nil
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// files is one line for each file and directory in the data directory, with its mode and what is in it: what must not
// change when nothing was to be written.
func (p *program) files() string {
	p.t.Helper()
	var lines []string
	err := filepath.WalkDir(p.data, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && path == p.data {
			return nil
		}
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		line := fmt.Sprintf("%s %s", strings.TrimPrefix(path, p.data), info.Mode())
		if info.Mode().IsRegular() {
			body, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			line += fmt.Sprintf(" %x", sha256.Sum256(body))
		}
		lines = append(lines, line)
		return nil
	})
	if err != nil {
		p.t.Fatal(err)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// multiply adds copies of the activities, complete as they are, until there are so many: each with an id of its own,
// and some days older than the one before. No process may have the store open.
func (p *program) multiply(activities int) {
	p.t.Helper()
	ctx := p.t.Context()
	st, err := store.Open(ctx, store.Config{Dir: p.data})
	must(p.t, err)
	defer st.Close()
	var originals []original
	must(p.t, st.View(ctx, func(tx *store.Tx) error {
		athletes, err := tx.Athletes(ctx)
		if err != nil {
			return err
		}
		for a, err := range tx.Activities(ctx, athletes[0].ID) {
			if err != nil {
				return err
			}
			docs, err := tx.Documents(ctx, a.AthleteID, a.ID)
			if err != nil {
				return err
			}
			originals = append(originals, original{a, docs})
		}
		return nil
	}))
	for n := len(originals); n < activities; {
		must(p.t, st.Update(ctx, nil, func(tx *store.Tx) error {
			for i := 0; i < len(originals) && n < activities; i++ {
				if err := originals[i].copyTo(ctx, tx, n/len(originals)); err != nil {
					return err
				}
				n++
			}
			return nil
		}))
	}
}

// original is an activity to make copies of.
type original struct {
	store.Activity
	docs []musette.Document
}

// copyTo writes the nth copy.
func (o *original) copyTo(ctx context.Context, tx *store.Tx, n int) error {
	row := o.Activity
	row.ID += int64(n) * 1_000_000_000_000
	row.Start = row.Start.AddDate(-n, 0, 0)
	var view musette.Activity
	if err := json.Unmarshal(row.View, &view); err != nil {
		return err
	}
	view.ID, view.Start = row.ID, musette.At(row.Start)
	view.StartLocal = row.Start.Format("2006-01-02T15:04:05")
	var err error
	if row.View, err = json.Marshal(&view, json.Deterministic(true)); err != nil {
		return err
	}
	if _, err := tx.PutActivity(ctx, row); err != nil {
		return err
	}
	for _, d := range o.docs {
		body := bytes.ReplaceAll(d.Body, []byte(id(o.ID)), []byte(id(row.ID)))
		doc := musette.NewDocument(d.AthleteID, row.ID, d.Part, d.Source, body, d.FetchedAt)
		doc.Mark = d.Mark
		if err := tx.PutDocument(ctx, doc, false); err != nil {
			return err
		}
	}
	return nil
}
