package main

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"

	"musette"
	"musette/feed"
	"musette/keeper"
)

type activitiesCmd struct {
	settings
	JSON bool `help:"one JSON array, of the objects that GET /v1/feed gives"`
}

func (activitiesCmd) Help() string {
	return `musette activities
musette activities --json | jq -r '.[].name'
MUSETTE_TYPES=Run musette activities`
}

func (c *activitiesCmd) Run(ctx context.Context, a *app) error {
	st, err := a.storeToRead(ctx)
	if err != nil {
		return err
	}
	f := a.feed(st, nil)
	if err := f.Load(ctx); err != nil {
		return err
	}
	entries, err := allEntries(f.View())
	if err != nil {
		return err
	}
	if err := a.warnOfTypes(ctx, st); err != nil {
		return err
	}
	if c.JSON {
		return writeEntries(a, entries)
	}
	if len(entries) == 0 {
		s, err := keeper.ReadStatus(ctx, st, a.now(), 0, nil)
		if err != nil {
			return err
		}
		here := 0
		for _, who := range s.Athletes {
			here += who.Activities
		}
		if here > 0 && (len(a.cfg.Filter.Types) > 0 || a.cfg.Filter.From != "") {
			a.say("there are no activities to show: %d %s outside %s", here, orElse("is", here != 1)+orElse("are", here == 1), a.cfg.filters())
			return nil
		}
		a.say("there are no activities to show yet; `musette sync` fetches them, `musette status` says what it waits for")
		return nil
	}
	return activityTable(entries).write(a.out)
}

// filters names the settings that keep activities from being shown.
func (c *config) filters() string {
	var names []string
	if len(c.Filter.Types) > 0 {
		names = append(names, "MUSETTE_TYPES")
	}
	if c.Filter.From != "" {
		names = append(names, "MUSETTE_FROM")
	}
	return strings.Join(names, " or ")
}

var owner = feed.Reader{Owner: true}

// allEntries walks all pages of what the owner sees, newest first.
func allEntries(v *feed.View) ([]*feed.Entry, error) {
	var all []*feed.Entry
	q := feed.Query{Reader: owner, Limit: feed.MaxLimit}
	for {
		page, err := v.Query(q)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Entries...)
		if q.Cursor = page.Next; q.Cursor == "" {
			return all, nil
		}
	}
}

// writeEntries joins the entries' own JSON, one a line.
func writeEntries(a *app, entries []*feed.Entry) error {
	var b bytes.Buffer
	b.WriteByte('[')
	for i, e := range entries {
		if i > 0 {
			b.WriteString(",\n")
		}
		b.Write(e.JSON(owner))
	}
	b.WriteString("]\n")
	_, err := a.out.Write(b.Bytes())
	return err
}

func activityTable(entries []*feed.Entry) *table {
	t := &table{right: []int{3, 4, 5}}
	t.row("id", "start", "sport", "km", "h:mm:ss", "climb m", "missing", "name")
	for _, e := range entries {
		a := e.For(owner)
		t.row(strconv.FormatInt(a.ID, 10), localMinute(a), plain(a.SportType),
			fmt.Sprintf("%.1f", a.DistanceM/1000), clockTime(a.MovingS), strconv.Itoa(a.ClimbM),
			missingParts(a), plain(a.Name))
	}
	return t
}

// localMinute is the start by the clock at the place: 2026-05-22 07:49.
func localMinute(a *musette.Activity) string {
	s := strings.Replace(a.StartLocal, "T", " ", 1)
	return s[:min(len(s), len("2026-05-22 07:49"))]
}

// clockTime is 1:02:03 for 3723 seconds.
func clockTime(s int) string {
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

func missingParts(a *musette.Activity) string {
	if len(a.Missing) == 0 {
		return "-"
	}
	words := make([]string, len(a.Missing))
	for i, p := range a.Missing {
		words[i] = string(p)
	}
	return strings.Join(words, ",")
}
