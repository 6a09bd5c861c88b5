package gallery_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"musette"
	"musette/gallery"
	"musette/store"
)

func TestCopiesBringBackWhatIsMissing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		h.shows(1, musette.Photo{ID: "P", URL: h.at("/p", body(photoJPEG(t, 50, 50, 1)))}, musette.Photo{ID: "Q", URL: h.at("/q", body(photoJPEG(t, 50, 50, 2)))})
		h.sync()
		want, copies := h.kept("P"), h.config.Copies[0]
		if n, err := h.gallery.Backup(ctx, copies); n != 2 || err != nil {
			t.Fatalf("%d copies, %v", n, err)
		}
		if n, err := h.gallery.Backup(ctx, copies); n != 0 || err != nil {
			t.Errorf("copied again: %d, %v", n, err)
		}
		// Into another directory and another kind of store, as a move to another machine does.
		elsewhere := h.config
		elsewhere.Dir, elsewhere.Copies = filepath.Join(t.TempDir(), "pictures"), nil
		g := h.another(elsewhere)
		if n, err := g.Restore(ctx, copies); n != 2 || err != nil {
			t.Errorf("%d brought back, %v", n, err)
		}
		if got, err := g.Read(ctx, athlete, h.row("P").SHA256); err != nil || !bytes.Equal(got, want) {
			t.Errorf("there it is another one: %v", err)
		}
		// What goes missing here is read from the copy, and put back.
		h.lose(h.row("P").SHA256)
		h.kept("P")
		h.sync()
		if err := os.RemoveAll(copies); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(h.kept("P"), want) || h.times("/p") != 1 {
			t.Errorf("it wasn't put back, or fetched again: %v", h.asked)
		}
		// Without a copy it is fetched again.
		h.lose(h.row("P").SHA256)
		if _, err := h.gallery.Read(ctx, athlete, h.row("P").SHA256); !errors.Is(err, gallery.ErrMissing) {
			t.Errorf("what is missing: %v", err)
		}
		h.sync()
		if !bytes.Equal(h.kept("P"), want) || h.times("/p") != 2 || h.times("/q") != 1 {
			t.Errorf("asked %v", h.asked)
		}
	})
}

// lose removes what is kept under a hash, behind the gallery's back.
func (h *house) lose(sha string) {
	h.Helper()
	if h.config.Dir == "" {
		h.update(func(ctx context.Context, tx *store.Tx) error { return tx.DropPictureFile(ctx, athlete, sha) })
		return
	}
	if err := os.Remove(filepath.Join(h.config.Dir, "4242", sha[:2], sha)); err != nil {
		h.Fatal(err)
	}
}

func TestDamagedFilesAreNotShown(t *testing.T) {
	t.Parallel()
	h := newHouse(t, false)
	h.shows(1, musette.Photo{ID: "P", URL: h.at("/p", body(photoJPEG(t, 50, 50, 1)))})
	h.sync()
	want, sha := h.kept("P"), h.row("P").SHA256
	path := filepath.Join(h.config.Dir, "4242", sha[:2], sha)
	if err := os.WriteFile(path, append(bytes.Clone(want[:20]), make([]byte, len(want)-20)...), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := h.gallery.Read(t.Context(), athlete, sha); !errors.Is(err, gallery.ErrMissing) {
		t.Fatalf("%v", err)
	}
	h.sync()
	if !bytes.Equal(h.kept("P"), want) {
		t.Error("it isn't mended")
	}
}

func TestBackupNeedsItsPlace(t *testing.T) {
	t.Parallel()
	h := newHouse(t, false)
	if _, err := h.gallery.Backup(t.Context(), filepath.Join(t.TempDir(), "unmounted", "pictures")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

func TestWhoLeavesLeavesNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		shown := photoJPEG(t, 50, 50, 1)
		h.shows(1, musette.Photo{ID: "P", URL: h.at("/p", body(shown))})
		h.sync()
		copies := h.config.Copies[0]
		if _, err := h.gallery.Backup(ctx, copies); err != nil {
			t.Fatal(err)
		}
		sha := h.row("P").SHA256
		leave := func() {
			h.update(func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.PurgeAthlete(ctx, athlete, store.LeftAthlete, time.Now().Add(time.Second))
				return err
			})
		}
		leave()
		var departures []store.Departure
		if err := h.store.View(ctx, func(tx *store.Tx) (err error) {
			departures, err = tx.Departures(ctx)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		want := 2 // the file, and its copy
		if h.config.Dir == "" {
			want = 1
		}
		if n, err := h.gallery.Forget(ctx, departures); n != want || err != nil {
			t.Errorf("%d files went, want %d: %v", n, want, err)
		}
		if n, err := h.gallery.Forget(ctx, departures); n != 0 || err != nil {
			t.Errorf("again: %d, %v", n, err)
		}
		if list := append(files(t, copies), files(t, h.config.Copies[0])...); len(list) != 0 {
			t.Errorf("left: %v", list)
		}
		if _, err := h.gallery.Read(ctx, athlete, sha); !errors.Is(err, gallery.ErrMissing) {
			t.Errorf("%v", err)
		}
	})
}

// Who leaves while a picture comes doesn't come back by it.
func TestWhoLeavesMeanwhile(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		shown := photoJPEG(t, 50, 50, 1)
		url := h.at("/p", func(w http.ResponseWriter, r *http.Request) {
			err := h.store.Update(r.Context(), nil, func(tx *store.Tx) error {
				_, err := tx.PurgeAthlete(r.Context(), athlete, store.LeftAthlete, h.clock())
				return err
			})
			if err != nil {
				t.Error(err)
			}
			_, _ = w.Write(shown)
		})
		h.shows(1, musette.Photo{ID: "P", URL: url})
		h.sync()
		if p := h.row("P"); p != nil {
			t.Errorf("%+v", p)
		}
		if h.config.Dir != "" {
			if left, err := os.ReadDir(h.config.Dir); len(left) != 0 || err != nil {
				t.Errorf("left: %v, %v", left, err)
			}
		}
		err := h.store.View(t.Context(), func(tx *store.Tx) error {
			list, err := tx.PictureFiles(t.Context(), athlete)
			if len(list) != 0 {
				t.Errorf("left: %v", list)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
