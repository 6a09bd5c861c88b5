package main

import (
	"context"
	"io"
	"io/fs"
	"os"

	"musette/store"
	"musette/web"
)

// welcome says how the page is opened by its owner: the operator's key, made at the first start and shown this once,
// and a link. Where what is said would be kept, neither is made, only how to get them is said.
func (s *site) welcome(ctx context.Context) error {
	a := s.app
	if !s.away() {
		if err := a.servesOn(ctx, s.store); err != nil {
			return err
		}
	}
	if kept(a.err, a.cfg.LogFile) {
		a.say("`musette login` prints a link that opens it as its owner, `musette key create --scope read,refresh,admin` makes an operator's key")
		return nil
	}
	if a.cfg.APIKey == "" && !s.away() {
		key, err := web.FirstKey(ctx, s.store, a.now())
		if err != nil {
			return err
		}
		if key != "" {
			a.say("this key has an operator's rights; it is shown only now:\n\n  %s\n", key)
		}
	}
	link, err := a.loginLink(ctx, s.store, a.cfg.address())
	if a.unwritable(err) {
		a.say("no link to sign in can be made until the database can be written; keys and sessions are good as ever")
		return nil
	}
	if err != nil {
		return err
	}
	a.say("open this link once, within an hour, to see it as its owner:\n\n  %s\n", link)
	return nil
}

// kept reports whether what is said on stderr ends where others may read it later: in the journal of systemd, or,
// where the log has a file of its own, in whatever a service's stderr is. A terminal or a pipe is somebody reading.
func kept(stderr io.Writer, logFile string) bool {
	f, ok := stderr.(*os.File)
	if !ok {
		return false
	}
	if _, ok := terminal(f); ok {
		return false
	}
	info, err := f.Stat()
	if err != nil {
		return false
	}
	if stream := os.Getenv("JOURNAL_STREAM"); stream != "" && stream == streamOf(info) {
		return true
	}
	return logFile != "" && info.Mode()&fs.ModeNamedPipe == 0
}

// servedOn is the setting that says where the server was last to be reached, for those who only share its store.
const servedOn = "served_on"

// servesOn notes the address for `musette login`.
func (a *app) servesOn(ctx context.Context, st *store.Store) error {
	now := a.cfg.address()
	return st.Update(ctx, nil, func(tx *store.Tx) error {
		before, err := tx.Setting(ctx, servedOn)
		if err != nil || before == now {
			return err
		}
		return tx.PutSetting(ctx, servedOn, now)
	})
}

// serverAddress is where the server is to be reached: MUSETTE_URL, where it was last served on, or what can be told
// from MUSETTE_ADDR.
func (a *app) serverAddress(ctx context.Context, st *store.Store) (address string, err error) {
	if a.cfg.PublicURL == "" {
		err = st.View(ctx, func(tx *store.Tx) error {
			address, err = tx.Setting(ctx, servedOn)
			return err
		})
	}
	if address == "" {
		address = a.cfg.address()
	}
	return address, err
}
