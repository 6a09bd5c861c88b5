package keeper

import (
	"context"
	"errors"
	"time"

	"musette/store"
)

// silenceMost is how long a database may take to say that it is there. It may fall silent rather than fail: its network
// drops everything, or what stands before it hangs. What is under way then waits for ever, and can't be told from a
// statement that takes its time. So a leader asks all the while, by another connection.
const silenceMost = 15 * time.Second

// watched returns a context that ends when the database falls silent. unwatch, which must be called, ends the watch; it
// returns the silence in place of the error of what that broke off.
func (k *Keeper) watched(parent context.Context) (ctx context.Context, unwatch func(error) error) {
	ctx, cancel := context.WithCancelCause(parent)
	done := make(chan struct{})
	go func() {
		defer close(done)
		k.listen(ctx, cancel)
	}()
	return ctx, func(err error) error {
		cancel(nil)
		<-done
		if away := silent(ctx); away != nil {
			return away
		}
		return err
	}
}

// listen ends ctx with the reason when the database is silent. A file can't be.
func (k *Keeper) listen(ctx context.Context, cancel context.CancelCauseFunc) {
	if k.Store.Kind() == "sqlite" {
		return
	}
	t := time.NewTicker(k.silence / 3)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		asked, done := context.WithTimeout(ctx, k.silence)
		err := k.Store.Answers(asked)
		done()
		if err != nil && ctx.Err() == nil {
			cancel(err)
		}
	}
}

// silent is why a watched context, or one made from it, has ended, if that was because of silence.
func silent(ctx context.Context) error {
	if why := context.Cause(ctx); errors.Is(why, store.ErrUnreachable) {
		return why
	}
	return nil
}
