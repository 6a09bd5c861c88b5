package strava_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"musette/strava"
)

// stuck answers with headers, if so wanted, and then waits for the context.
type stuck struct {
	headers bool
	ctx     context.Context
}

func (s *stuck) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.headers {
		s.ctx = r.Context()
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: s}, nil
	}
	<-r.Context().Done()
	return nil, context.Cause(r.Context())
}

func (s *stuck) Read([]byte) (int, error) {
	<-s.ctx.Done()
	return 0, context.Cause(s.ctx)
}

func (s *stuck) Close() error { return nil }

func TestTimeoutsAndCancelling(t *testing.T) {
	cause := errors.New("the operator went home")
	for name, tc := range map[string]struct {
		ctx   func(context.Context) (context.Context, context.CancelFunc)
		want  strava.Kind
		is    error
		after time.Duration
	}{
		"own timeout": {
			func(ctx context.Context) (context.Context, context.CancelFunc) { return ctx, func() {} },
			strava.KindTimeout, context.DeadlineExceeded, strava.DefaultTimeout,
		},
		"caller's deadline": {
			func(ctx context.Context) (context.Context, context.CancelFunc) {
				return context.WithTimeout(ctx, 4*time.Second)
			},
			strava.KindTimeout, context.DeadlineExceeded, 4 * time.Second,
		},
		"caller's deadline with a cause": {
			func(ctx context.Context) (context.Context, context.CancelFunc) {
				return context.WithTimeoutCause(ctx, 4*time.Second, cause)
			},
			strava.KindTimeout, context.DeadlineExceeded, 4 * time.Second,
		},
		"cancelled": {
			func(ctx context.Context) (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancel(ctx)
				time.AfterFunc(3*time.Second, cancel)
				return ctx, cancel
			},
			strava.KindCanceled, context.Canceled, 3 * time.Second,
		},
		"cancelled with a cause": {
			func(ctx context.Context) (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancelCause(ctx)
				time.AfterFunc(3*time.Second, func() { cancel(cause) })
				return ctx, func() { cancel(nil) }
			},
			strava.KindCanceled, context.Canceled, 3 * time.Second,
		},
	} {
		for _, headers := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				c := newClient(t, "http://strava.test", strava.WithTransport(&stuck{headers: headers}))
				ctx, cancel := tc.ctx(t.Context())
				defer cancel()
				start := time.Now()
				_, answer, err := c.Athlete(ctx, token)
				if strava.KindOf(err) != tc.want || !errors.Is(err, tc.is) {
					t.Errorf("%s, headers %v: %q %v", name, headers, strava.KindOf(err), err)
				}
				if took := time.Since(start); took != tc.after {
					t.Errorf("%s: after %v, want %v", name, took, tc.after)
				}
				if (answer != nil) != headers {
					t.Errorf("%s: answer %+v", name, answer)
				}
				if headers && answer.Elapsed != tc.after {
					t.Errorf("%s: elapsed %v", name, answer.Elapsed)
				}
			})
		}
	}
}

func TestCancelledByTheCallerOnTheNetwork(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := setup(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	_, _, err := c.Athlete(ctx, token)
	wantKind(t, err, strava.KindCanceled)
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
