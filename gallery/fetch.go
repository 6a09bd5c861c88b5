package gallery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"musette/picture"
	"musette/store"
)

const (
	// atOnce is how many pictures are fetched at the same time.
	atOnce = 3
	// wave is how many are fetched before what came is recorded.
	wave = 6
	// fetchLimit is how long one may take.
	fetchLimit = time.Minute
	redirects  = 3
)

// afterFailure are the waits after the first failures; after more of them a picture counts as failed, and it is tried
// once a rarely.
var afterFailure = []time.Duration{10 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour}

const rarely = 30 * 24 * time.Hour

// A catch is what came of fetching one picture.
type catch struct {
	picture store.Picture
	body    []byte
	err     error // a [*hostError], or what is wrong with the picture
	host    string
}

// A hostError says that a host, not a picture, is the trouble.
type hostError struct {
	after time.Duration // how long it asks to be left in peace
	err   error
}

func (e *hostError) Error() string { return e.err.Error() }
func (e *hostError) Unwrap() error { return e.err }

// fetchSome fetches the pictures that have been due the longest, with their smaller sizes if those are wanted at once,
// and reports whether it did anything.
func (g *Gallery) fetchSome(ctx context.Context, sizes bool) (busy bool, err error) {
	var due []store.Picture
	now := g.Now()
	err = g.Store.View(ctx, func(tx *store.Tx) (err error) {
		due, err = tx.PicturesDue(ctx, now, scanWrite)
		return sound(err)
	})
	if err != nil || len(due) == 0 || g.Offline != nil && g.Offline(ctx) {
		return false, err
	}
	var quiet []store.Picture // of hosts that are left in peace
	var take []catch
	for _, p := range due {
		name := hostOf(p.URL)
		if until := g.hosts.quietUntil(name, now); !until.IsZero() {
			p.Due = until
			quiet = append(quiet, p)
		} else if len(take) < wave {
			take = append(take, catch{picture: p, host: name})
		}
	}
	if err := g.note(ctx, quiet); err != nil {
		return false, err
	}
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i := range take {
		group.Go(func() error {
			take[i].body, take[i].err = g.download(ctx, take[i].picture.URL)
			return nil
		})
	}
	_ = group.Wait() // each has its own error
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	for i := range take {
		if err := g.record(ctx, &take[i], sizes); err != nil {
			return false, err
		}
	}
	return true, nil
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// record keeps what came, or notes what went wrong.
func (g *Gallery) record(ctx context.Context, c *catch, sizes bool) error {
	now := g.Now()
	var forms []picture.Form
	if c.err == nil {
		forms, c.err = made(c.body, sizes)
	}
	if trouble, ok := errors.AsType[*hostError](c.err); ok {
		g.hosts.failed(c.host, trouble.after, now)
		g.Log.Debug("a host of pictures is left in peace for a while", "host", c.host, "error", c.err)
		return g.Store.Update(ctx, nil, func(tx *store.Tx) error {
			p, err := current(ctx, tx, c.picture)
			if err != nil || p == nil {
				return err
			}
			p.TriedAt, p.Due, p.Reason = now, g.hosts.quietUntil(c.host, now), c.err.Error()
			return tx.PutPicture(ctx, *p)
		})
	}
	g.hosts.answered(c.host)
	if c.err != nil {
		g.Log.Info("a picture couldn't be had", "activity", c.picture.ActivityID, "photo", c.picture.PhotoID, "reason", c.err)
		return g.Store.Update(ctx, nil, func(tx *store.Tx) error {
			p, err := current(ctx, tx, c.picture)
			if err != nil || p == nil || p.URL != c.picture.URL {
				return err
			}
			fail(p, c.err, now)
			return tx.PutPicture(ctx, *p)
		})
	}
	return g.keep(ctx, c, forms, now)
}

// fail notes that a picture couldn't be had.
func fail(p *store.Picture, why error, now time.Time) {
	p.TriedAt, p.Reason = now, why.Error()
	p.Failures++
	wait := rarely
	if p.Failures <= len(afterFailure) {
		wait = afterFailure[p.Failures-1]
	} else if !p.Kept() {
		p.Outcome = store.PictureFailed
	}
	p.Due = now.Add(wait)
}

// keep writes the files first, then the row that names them.
func (g *Gallery) keep(ctx context.Context, c *catch, made []picture.Form, now time.Time) error {
	original := made[0]
	sha, err := g.vault.put(ctx, c.picture.AthleteID, original.Body)
	if err != nil {
		return err
	}
	var forms []store.PictureForm
	for _, f := range made[1:] {
		form, err := g.putForm(ctx, c.picture.AthleteID, f)
		if err != nil {
			return err
		}
		forms = append(forms, form)
	}
	there, here := true, true
	err = g.Store.Update(ctx, nil, func(tx *store.Tx) error {
		p, err := current(ctx, tx, c.picture)
		if err != nil {
			return err
		}
		if there = p != nil; !there {
			here, err = stays(ctx, tx, c.picture.AthleteID)
			return err
		}
		p.Outcome, p.Failures, p.Reason, p.TriedAt, p.KeptAt = store.PictureKept, 0, "", now, now
		if p.URL == c.picture.URL { // else another one is to be fetched
			p.Due = time.Time{}
		}
		p.SHA256, p.Type, p.Width, p.Height, p.Bytes = sha, original.Type, original.Width, original.Height, int64(len(original.Body))
		p.Forms, p.Made = forms, len(forms) > 0 || max(p.Width, p.Height) <= picture.Sizes[len(picture.Sizes)-1]
		return show(ctx, tx, *p)
	})
	if err != nil || there {
		return err
	}
	if own, ok := g.vault.(folder); ok && !here { // the athlete has left meanwhile
		return os.RemoveAll(own.athlete(c.picture.AthleteID))
	}
	return g.dropUnnamed(ctx, g.vault, c.picture.AthleteID, whenever) // what another photo shares with it stays
}

// made is the picture that bytes are, and its smaller sizes if they are wanted and can be made.
func made(body []byte, sizes bool) ([]picture.Form, error) {
	if sizes {
		if forms, err := picture.Make(body); err == nil {
			return forms, nil
		}
	}
	form, err := picture.Original(body)
	return []picture.Form{form}, err
}

func (g *Gallery) download(ctx context.Context, address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil || !g.allowed(u) {
		return nil, errInside
	}
	ctx, cancel := context.WithTimeout(ctx, fetchLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, errors.New("its address can't be asked")
	}
	req.Header.Set("Accept", "image/jpeg, image/png, image/webp")
	if g.UserAgent != "" {
		req.Header.Set("User-Agent", g.UserAgent)
	}
	client := *g.client
	client.CheckRedirect = func(next *http.Request, via []*http.Request) error {
		if len(via) > redirects || !g.allowed(next.URL) {
			return http.ErrUseLastResponse
		}
		return nil
	}
	resp, err := client.Do(req)
	if errors.Is(err, errInside) {
		return nil, errInside
	}
	if err != nil {
		return nil, &hostError{err: withoutAddress(err)}
	}
	defer resp.Body.Close()
	if err := answered(resp, g.Now()); err != nil {
		return nil, err
	}
	if resp.ContentLength > picture.MaxBytes {
		return nil, &picture.Error{Reason: picture.ReasonLarge}
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, picture.MaxBytes+1))
	if err != nil {
		return nil, &hostError{err: withoutAddress(err)}
	}
	return body, nil
}

// answered is nil if the answer is the picture.
func answered(resp *http.Response, now time.Time) error {
	switch code := resp.StatusCode; {
	case code == http.StatusOK:
		return nil
	case code == http.StatusNotFound, code == http.StatusGone:
		return fmt.Errorf("it isn't there any more (%d)", code)
	case code == http.StatusTooManyRequests, code == http.StatusRequestTimeout, code >= 500:
		return &hostError{retryAfter(resp.Header, now), fmt.Errorf("the host answers %d", code)}
	default:
		return fmt.Errorf("it isn't given out (%d)", code)
	}
}

// withoutAddress is the error without the address: some have a key in them.
func withoutAddress(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}
