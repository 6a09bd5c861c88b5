package store

import (
	"context"
	"database/sql"
	"time"
)

// An InboxItem waits to be dealt with by the one process that syncs: an event, or a person's wish.
type InboxItem struct {
	ID                    int64 // given by PutInbox
	Kind                  string
	AthleteID, ActivityID int64
	Body                  []byte
	ReceivedAt            time.Time
}

// Inbox returns at most limit items, the first come first; events, of which there can be thousands, behind what people
// ask for.
func (tx *Tx) Inbox(ctx context.Context, limit int) ([]InboxItem, error) {
	rows, err := tx.records(ctx, tInbox, " ORDER BY CASE WHEN kind = 'event' THEN 1 ELSE 0 END, inbox_id LIMIT $1", int64(limit))
	return collect(rows, err, inboxFrom)
}

func inboxFrom(r *record) InboxItem {
	return InboxItem{
		ID: r.int(), Kind: r.text(), AthleteID: r.int(), ActivityID: r.int(), Body: r.blob(), ReceivedAt: r.time(),
	}
}

// InboxAbout returns the items of one kind about an activity, 0 being the athlete as such, the first come first.
func (tx *Tx) InboxAbout(ctx context.Context, kind string, athleteID, activityID int64) ([]InboxItem, error) {
	const about = " WHERE kind = $1 AND athlete_id = $2 AND activity_id = $3 ORDER BY inbox_id"
	rows, err := tx.records(ctx, tInbox, about, escapeText(kind), athleteID, activityID)
	return collect(rows, err, inboxFrom)
}

// CountInbox returns how many items of a kind wait.
func (tx *Tx) CountInbox(ctx context.Context, kind string) (n int, err error) {
	err = tx.scalar(ctx, "counting inbox", "SELECT count(*) FROM {inbox} WHERE kind = $1", []any{escapeText(kind)}, &n)
	return n, err
}

// Waiting is how many items of a kind wait in the inbox, and since when the first of them does.
type Waiting struct {
	Items  int
	Oldest time.Time
}

// InboxWaiting returns what waits in the inbox by kind, damaged items included.
func (tx *Tx) InboxWaiting(ctx context.Context) (map[string]Waiting, error) {
	waiting := map[string]Waiting{}
	const stmt = "SELECT kind, count(*), min(received_at_ms) FROM {inbox} GROUP BY kind"
	err := tx.query(ctx, "counting inbox", stmt, nil, func(rows *sql.Rows) error {
		var kind string
		var items, oldest int64
		err := rows.Scan(&kind, &items, &oldest)
		waiting[unescapeText(kind)] = Waiting{Items: int(items), Oldest: fromMS(oldest)}
		return err
	})
	return waiting, err
}

// PutInbox adds an item and returns its id, which is never given again.
func (tx *Tx) PutInbox(ctx context.Context, item InboxItem) (id int64, err error) {
	v := values{int64(0), item.Kind, item.AthleteID, item.ActivityID, item.Body, ms(item.ReceivedAt)}
	if err := tInbox.check(v); err != nil {
		return 0, err
	}
	const stmt = `INSERT INTO {inbox} (kind, athlete_id, activity_id, body, received_at_ms, sum)
		VALUES ($1, $2, $3, $4, $5, 0) RETURNING inbox_id`
	if err := tx.scalar(ctx, "writing inbox", stmt, v[1:], &id); err != nil {
		return 0, err
	}
	v[0] = id // the checksum covers the id, which is known only now
	_, err = tx.exec(ctx, "writing inbox", "UPDATE {inbox} SET sum = $1 WHERE inbox_id = $2", tInbox.sum(v), id)
	return id, err
}

// DeleteInbox removes an item that was dealt with.
func (tx *Tx) DeleteInbox(ctx context.Context, id int64) error {
	_, err := tx.remove(ctx, tInbox, id)
	return err
}
