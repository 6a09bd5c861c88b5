package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"musette"
	"musette/store"
)

type historyCmd struct {
	settings
	ID     string `arg:"" name:"id" help:"the activity"`
	JSON   bool   `help:"one JSON object"`
	Export string `placeholder:"REF" help:"write that document to stdout, as it came from Strava"`
}

func (historyCmd) Help() string {
	return `musette history 19403555631
musette history 19403555631 --export 1f3a9c20 > detail.json`
}

// A past is what is known of an activity's past.
type past struct {
	row      store.Activity
	arrivals []musette.Arrival
	damaged  bool
}

func (c *historyCmd) Run(ctx context.Context, a *app) error {
	ids, err := activityIDs([]string{c.ID})
	if err != nil {
		return err
	}
	st, err := a.storeToRead(ctx)
	if err != nil {
		return err
	}
	p, err := readPast(ctx, st, ids[0])
	if err != nil {
		return err
	}
	if p.damaged {
		a.say("some documents are damaged and left out; docs/operating.md says what can be done")
	}
	switch {
	case c.Export != "":
		return c.export(a, p)
	case c.JSON:
		return c.writeJSON(a, p)
	}
	return c.writeTable(a, p)
}

func readPast(ctx context.Context, st *store.Store, id int64) (p past, err error) {
	err = st.View(ctx, func(tx *store.Tx) error {
		p.row, err = tx.FindActivity(ctx, id)
		if errors.Is(err, store.ErrNotFound) {
			return failed("`musette activities` lists those that are", "activity %d is not here", id)
		}
		if err != nil {
			return err
		}
		docs, err := tx.Documents(ctx, p.row.AthleteID, id)
		if notDamage(err) != nil {
			return err
		}
		p.damaged = err != nil
		old, err := tx.History(ctx, p.row.AthleteID, id)
		if notDamage(err) != nil {
			return err
		}
		p.damaged = p.damaged || err != nil
		p.arrivals = musette.Timeline(docs, old)
		return nil
	})
	return p, err
}

// refLen is how much of a hash is shown; as little as refLeast of it will do.
const refLen, refLeast = 8, 4

func ref(d *musette.Document) string { return hex.EncodeToString(d.SHA256[:])[:refLen] }

func (c *historyCmd) export(a *app, p past) error {
	hint := fmt.Sprintf("`musette history %d` shows them", p.row.ID)
	want := strings.ToLower(c.Export)
	if len(want) < refLeast {
		return misused(hint, "--export: `%s` is too short: write at least %d characters of the document's ref", plain(c.Export), refLeast)
	}
	var found *musette.Document
	for i := range p.arrivals {
		d := &p.arrivals[i].Document
		switch {
		case !strings.HasPrefix(hex.EncodeToString(d.SHA256[:]), want):
		case found != nil && found.SHA256 != d.SHA256:
			return failed(hint, "`%s` is the beginning of several refs of activity %d; write more of it", plain(c.Export), p.row.ID)
		default:
			found = d
		}
	}
	if found == nil {
		return failed(hint, "activity %d has no document `%s`", p.row.ID, plain(c.Export))
	}
	_, err := a.out.Write(found.Body)
	return err
}

// historyEntry is an arrival in JSON.
type historyEntry struct {
	At      musette.Instant       `json:"at"`
	Part    musette.Part          `json:"part"`
	Source  musette.Source        `json:"source"`
	Ref     string                `json:"ref"`
	SHA256  string                `json:"sha256"`
	Bytes   int                   `json:"bytes"`
	First   bool                  `json:"first"` // nothing older of its part is kept
	Changes []musette.FieldChange `json:"changes"`
}

func (c *historyCmd) writeJSON(a *app, p past) error {
	out := struct {
		ID        int64            `json:"id,string"`
		AthleteID int64            `json:"athlete_id,string"`
		Status    string           `json:"status"`
		GoneAt    *musette.Instant `json:"gone_at"`
		History   []historyEntry   `json:"history"`
	}{p.row.ID, p.row.AthleteID, p.row.Status, instantOrNil(p.row.GoneAt), []historyEntry{}}
	for i := range p.arrivals {
		arr := &p.arrivals[i]
		d := &arr.Document
		out.History = append(out.History, historyEntry{
			At: musette.At(arr.At), Part: d.Part, Source: d.Source, Ref: ref(d), SHA256: hex.EncodeToString(d.SHA256[:]),
			Bytes: len(d.Body), First: arr.First, Changes: append([]musette.FieldChange{}, arr.Changes...),
		})
	}
	return writeJSON(a, &out)
}

func (c *historyCmd) writeTable(a *app, p past) error {
	t := &table{}
	t.row("when", "part", "ref", "what changed")
	switch p.row.Status {
	case store.StatusGone:
		t.row(second(musette.At(p.row.GoneAt)), "-", "-", "gone from Strava, hidden here")
	case store.StatusKept:
		t.row("now", "-", "-", "kept: Strava doesn't list it, only its owner sees it")
	}
	for i := range p.arrivals {
		arr := &p.arrivals[i]
		said := changesInWords(arr)
		t.row(second(musette.At(arr.At)), string(arr.Document.Part), ref(&arr.Document), said[0])
		for _, more := range said[1:] {
			t.row("", "", "", more)
		}
	}
	return t.write(a.out)
}

// second is a time by this machine's clock.
func second(i musette.Instant) string { return i.Local().Format("2006-01-02 15:04:05") }

func changesInWords(arr *musette.Arrival) []string {
	var said []string
	for _, ch := range arr.Changes {
		from, to := valueInWords(ch.Field, ch.From), valueInWords(ch.Field, ch.To)
		if ch.Other {
			to += " others"
			if ch.Field == "route_m" {
				to = "another " + valueInWords(ch.Field, ch.To)
			}
		}
		said = append(said, fmt.Sprintf("%s: %s -> %s", fieldInWords(ch.Field), from, to))
	}
	switch {
	case len(said) > 0:
		return said
	case arr.First:
		return []string{"came"}
	}
	return []string{"nothing that is shown"}
}

func fieldInWords(field string) string {
	if cut, ok := strings.CutSuffix(field, "_m"); ok {
		field = cut
	}
	return strings.ReplaceAll(strings.TrimSuffix(field, "_s"), "_", " ")
}

func valueInWords(field string, v any) string {
	switch v := v.(type) {
	case nil:
		return "none"
	case string:
		if slices.Contains([]string{"name", "description"}, field) {
			return strconv.Quote(cut(v, 60))
		}
		return plain(v)
	case float64:
		if strings.HasSuffix(field, "_m") {
			return fmt.Sprintf("%.2f km", v/1000)
		}
	case int:
		switch {
		case strings.HasSuffix(field, "_s"):
			return clockTime(v)
		case strings.HasSuffix(field, "_m"):
			return fmt.Sprintf("%d m", v)
		}
	}
	return fmt.Sprint(v)
}
