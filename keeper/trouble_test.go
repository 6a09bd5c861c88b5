package keeper

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"musette"
	"musette/store"
)

// A disk that is full stops only writing, so only the one who writes can tell.
func TestAFullDiskIsAState(t *testing.T) {
	now := time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)
	k := New(Config{Now: func() time.Time { return now }})
	full := fmt.Errorf("writing what came: %w", &store.Error{Kind: store.ErrDiskFull, Where: "/data/musette.db"})
	show := func(s musette.Status) musette.Status {
		k.trouble.Load().onto(&s)
		return s
	}
	well := musette.Status{State: musette.StateLimited, Until: &now, ETA: &now, NextCall: &now}
	if s := show(well); s.State != musette.StateLimited {
		t.Errorf("without trouble: %+v", s)
	}
	k.troubled(full)
	began := now
	now = now.Add(time.Hour)
	k.troubled(full)
	s := show(well)
	if s.State != musette.StateDiskFull || s.Cause == "" || s.Advice == "" || s.Until != nil || s.ETA != nil || s.Since == nil || !s.Since.Equal(began) {
		t.Errorf("%+v", s)
	}
	if s := show(musette.Status{State: musette.StateStoreDown, Cause: "gone"}); s.Cause != "gone" {
		t.Errorf("it hides what is worse: %+v", s)
	}
	k.troubled(&store.Error{Kind: store.ErrReadOnly, Where: "/data/musette.db"})
	if s := show(well); s.State != musette.StateStoreDown || !s.Since.Equal(now) {
		t.Errorf("%+v", s)
	}
	k.troubled(errors.New("something of its own"))
	if s := show(well); s.State != musette.StateLimited {
		t.Errorf("it stays: %+v", s)
	}
}
