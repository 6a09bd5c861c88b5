package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

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
