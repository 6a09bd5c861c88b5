package store_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"musette/internal/pgtest"
	"musette/store"
)

// A database whose connections all wait for something answers; one that is silent doesn't, until it is back.
func TestAnswers(t *testing.T) {
	line := pgtest.NewLine(t, pgtest.New(t))
	s, err := store.Open(t.Context(), store.Config{URL: line.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ask := func(patience time.Duration) error {
		ctx, done := context.WithTimeout(t.Context(), patience)
		defer done()
		return s.Answers(ctx)
	}

	var waiting sync.WaitGroup
	began, end := make(chan struct{}), make(chan struct{})
	waiting.Go(func() {
		err := s.Update(t.Context(), nil, func(*store.Tx) error { close(began); <-end; return nil })
		if err != nil {
			t.Error(err)
		}
	})
	<-began
	ctx, giveUp := context.WithCancel(t.Context())
	for range 10 {
		waiting.Go(func() { _ = s.Update(ctx, nil, func(*store.Tx) error { return nil }) })
	}
	if err := ask(time.Minute); err != nil {
		t.Errorf("with every connection waiting: %v", err)
	}
	giveUp()
	close(end)
	waiting.Wait()

	line.FallSilent(0)
	expect(t, ask(100*time.Millisecond), store.ErrUnreachable, "postgres 127.0.0.1/")
	line.Mend()
	if err := ask(time.Minute); err != nil {
		t.Errorf("when it is back: %v", err)
	}
}
