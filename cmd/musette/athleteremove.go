package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"musette"
	"musette/keeper"
	"musette/store"
	"musette/token"
)

type athleteRemoveCmd struct {
	settings
	ID   int64 `arg:"" help:"the athlete's id, from musette athlete list"`
	Yes  bool  `help:"don't ask"`
	JSON bool  `help:"the receipt as one line of JSON"`
}

func (athleteRemoveCmd) Help() string {
	return `musette athlete remove 4242
musette athlete remove 4242 --yes --json > receipt.json`
}

// A receipt says what was deleted, and what wasn't and why.
type receipt struct {
	AthleteID int64           `json:"athlete_id,string"`
	Name      string          `json:"name"`
	At        musette.Instant `json:"removed_at"`

	Activities int              `json:"activities"`
	Rows       map[string]int64 `json:"rows"` // deleted from the database, by table

	Snapshots    []string `json:"snapshots_rewritten"` // files written again without the athlete
	SnapshotRows int      `json:"snapshot_rows"`       // that these had of them
	Removed      []string `json:"snapshots_removed"`   // that could not be read, so that nobody could tell what was in them
	Tokens       int      `json:"sealed_tokens"`       // files deleted
	Pictures     int      `json:"picture_files"`       // deleted, all sizes and copies; those in a database are among the rows

	Strava string     `json:"strava"` // whether Strava was told
	Left   []leftOver `json:"left"`
}

// A leftOver is something that may still be there.
type leftOver struct {
	What string `json:"what"`
	Why  string `json:"why"`
}

// stravaPatience is how long Strava has to take note. The removal never depends on it.
const stravaPatience = 10 * time.Second

func (c *athleteRemoveCmd) Run(ctx context.Context, a *app) error {
	st, err := a.existingStore(ctx)
	if err != nil {
		return err
	}
	list, err := a.athletes(ctx, st)
	if err != nil {
		return err
	}
	who, err := theAthlete(list, c.ID)
	if err != nil {
		// Somebody whose row is damaged isn't listed, and can leave all the same.
		here := false
		if e := st.View(ctx, func(tx *store.Tx) (err error) {
			here, err = tx.HasAthlete(ctx, c.ID)
			return err
		}); e != nil || !here {
			if e != nil {
				return together(err, e)
			}
			// One that was broken off has left files behind.
			done, e := a.forget(ctx, st)
			if n := len(done.Rewritten); e != nil || n+len(done.Removed)+done.Tokens+done.Pictures == 0 {
				return together(err, e)
			}
			a.say("a removal that was broken off is finished: nobody who has left is in any snapshot, sealed token or picture here")
			return nil
		}
		who = listedAthlete{ID: c.ID}
	}
	if !c.Yes {
		if err := a.confirmRemoval(who); err != nil {
			return err
		}
	}
	tokens, tokensErr := a.tokens(ctx)
	rec, unfinished, err := a.removeAthlete(ctx, st, tokens, tokensErr, who)
	if errors.Is(err, store.ErrNotFound) {
		return failed("nothing was changed by this command", "athlete %d has just been removed by somebody else", c.ID)
	}
	if err != nil {
		return err
	}
	if c.JSON {
		err = writeJSON(a, &rec)
	} else {
		err = rec.write(a)
	}
	if unfinished != nil {
		err = errors.Join(err, failed("`musette serve` and `musette sync` try it again when they start",
			"the rows are deleted, but not every file could be dealt with: %w", unfinished))
	}
	return err
}

// removeAthlete deletes all that is here of an athlete and tells Strava, where there are tokens to do it with. Once the
// rows are gone, what could not be dealt with besides is no error: it is unfinished, and done at the next start.
func (a *app) removeAthlete(ctx context.Context, st *store.Store, tokens *token.Tokens, why error, who listedAthlete) (rec receipt, unfinished, err error) {
	var end func(context.Context) error
	if why == nil {
		end, why = tokens.Farewell(ctx, who.ID)
	}
	rec = receipt{AthleteID: who.ID, Name: who.Name, At: musette.At(a.now()), Activities: who.Activities}
	if rec.Rows, err = keeper.Remove(ctx, st, who.ID, a.now()); err != nil {
		return rec, nil, err
	}
	done, unfinished := a.forget(ctx, st)
	rec.add(done)
	rec.Strava = tellStrava(ctx, end, why)
	rec.leftovers(a, st)
	return rec, unfinished, nil
}

// confirmRemoval asks whoever is at the terminal.
func (a *app) confirmRemoval(who listedAthlete) error {
	fmt.Fprintf(a.err, "delete all that is here of %s (%d), %s, from the database and every snapshot? It can't be undone. [y/N] ",
		plain(who.Name), who.ID, activitiesInWords(who.Activities))
	answer, _ := bufio.NewReader(a.in).ReadString('\n')
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	fmt.Fprintln(a.err)
	return failed("answer y, or add --yes", "nothing was changed")
}

// tellStrava ends the connection there, and says how that went.
func tellStrava(ctx context.Context, end func(context.Context) error, why error) string {
	if end != nil {
		ctx, cancel := context.WithTimeout(ctx, stravaPatience)
		defer cancel()
		if err := end(ctx); err == nil && why == nil {
			return "told: the connection has ended there too"
		} else if err != nil {
			why = err
		}
	}
	const byHand = "; the athlete can end the connection at https://www.strava.com/settings/apps"
	if why == nil {
		return "not told: there were no tokens" + byHand
	}
	return "not told: " + plain(why.Error()) + byHand
}

func (r *receipt) add(f forgotten) {
	r.Snapshots, r.Removed = append([]string{}, f.Rewritten...), append([]string{}, f.Removed...)
	r.SnapshotRows, r.Tokens, r.Pictures = f.Rows, f.Tokens, f.Pictures
	r.Left = []leftOver{}
	for _, path := range f.Strange {
		r.Left = append(r.Left, leftOver{path, "it is no snapshot, so it was left alone"})
	}
	if f.Traces {
		r.Left = append(r.Left, leftOver{"traces of the rows in the database's log", "somebody reads it just now; the next start clears it"})
	}
}

// leftovers names what this program can't know of, or can't change.
func (r *receipt) leftovers(a *app, st *store.Store) {
	r.Left = append(r.Left,
		leftOver{"copies of snapshots or of the data directory elsewhere", "only you know where they are"},
		leftOver{"a salted hash of the athlete's number, with the time", "it recognises them should an old snapshot come back, and says nothing else"})
	if st.Path() == "" {
		r.Left = append(r.Left, leftOver{"Postgres's own log, backups, and pages until its next VACUUM", "they are the database's, not ours"},
			leftOver{"snapshots of other instances", "each rewrites its own within seconds, or at its next start"})
	}
	if a.cfg.LogFile != "" {
		r.Left = append(r.Left, leftOver{a.cfg.LogFile, "lines of the log name athletes and activities by number"})
	}
}

func (r *receipt) write(a *app) error {
	t := &table{}
	t.row("removed", fmt.Sprintf("athlete %d, %s", r.AthleteID, plain(r.Name)))
	t.row("at", second(r.At))
	var rows []string
	for _, name := range slices.Sorted(maps.Keys(r.Rows)) {
		rows = append(rows, strconv.FormatInt(r.Rows[name], 10)+" "+strings.ReplaceAll(name, "_", " "))
	}
	t.row("database", strings.Join(rows, ", "))
	t.row("snapshots", fmt.Sprintf("%d rewritten, without %d %s", len(r.Snapshots), r.SnapshotRows, plural(r.SnapshotRows, "row")))
	for _, path := range r.Snapshots {
		t.row("", path)
	}
	for _, path := range r.Removed {
		t.row("deleted", path+": it could not be read, so nobody could tell who was in it")
	}
	t.row("sealed tokens", strconv.Itoa(r.Tokens))
	t.row("picture files", strconv.Itoa(r.Pictures))
	t.row("strava", r.Strava)
	for _, l := range r.Left {
		t.row("left", l.What+": "+l.Why)
	}
	return t.write(a.out)
}
