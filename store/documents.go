package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"musette"
)

// inList is how many ids one statement names.
const inList = 500

func documentFrom(r *record) musette.Document {
	d := musette.Document{
		AthleteID: r.int(), ActivityID: r.int(), Part: musette.Part(r.text()), Source: musette.Source(r.text()), SHA256: r.hash(),
	}
	r.int() // size
	d.FetchedAt, d.ConfirmedAt, d.Mark = r.time(), r.time(), r.int()
	return d
}

var (
	documentSize      = tDocuments.index("size")
	documentFetched   = tDocuments.index("fetched_at_ms")
	documentConfirmed = tDocuments.index("confirmed_at_ms")
	documentBody      = tDocuments.index("body")
	historyBody       = tHistory.index("body")
	historySize       = tHistory.index("size")
	historyReplaced   = tHistory.index("replaced_at_ms")
)

// wholeDocument verifies a row, the bytes of its body included.
func wholeDocument(r *record, from func(*record) musette.Document, size, body int) (musette.Document, error) {
	if bad := r.damage(); bad != nil {
		return musette.Document{}, bad
	}
	d := from(r)
	plain, err := decompress(r.v[body].([]byte), r.v[size].(int64))
	if err != nil {
		return musette.Document{}, r.broken(err.Error())
	}
	d.Body = plain
	if !d.Intact() {
		return musette.Document{}, r.broken("the body's SHA-256 differs")
	}
	return d, nil
}

// Documents returns an activity's documents, verified, by part. (Activity 0 has the athlete part.) Damaged ones are
// left out and returned as joined [DamageError]s beside the good ones.
func (tx *Tx) Documents(ctx context.Context, athleteID, activityID int64) ([]musette.Document, error) {
	rows, err := tx.records(ctx, tDocuments, " WHERE athlete_id = $1 AND activity_id = $2 ORDER BY part", athleteID, activityID)
	if err != nil {
		return nil, err
	}
	var good []musette.Document
	var bad []error
	for _, r := range rows {
		d, err := wholeDocument(r, documentFrom, documentSize, documentBody)
		if err != nil {
			bad = append(bad, err)
			continue
		}
		good = append(good, d)
	}
	return good, errors.Join(bad...)
}

// History returns the documents of an activity that were replaced, the last replaced first. Damaged ones are left out
// and returned as joined [DamageError]s beside the good ones.
func (tx *Tx) History(ctx context.Context, athleteID, activityID int64) ([]musette.Replaced, error) {
	rows, err := tx.records(ctx, tHistory,
		" WHERE athlete_id = $1 AND activity_id = $2 ORDER BY replaced_at_ms DESC, fetched_at_ms DESC, part, sha256", athleteID, activityID)
	if err != nil {
		return nil, err
	}
	var good []musette.Replaced
	var bad []error
	for _, r := range rows {
		d, err := wholeDocument(r, historyFrom, historySize, historyBody)
		if err != nil {
			bad = append(bad, err)
			continue
		}
		good = append(good, musette.Replaced{Document: d, At: fromMS(r.v[historyReplaced].(int64))})
	}
	return good, errors.Join(bad...)
}

func historyFrom(r *record) musette.Document {
	d := musette.Document{AthleteID: r.int(), ActivityID: r.int(), Part: musette.Part(r.text()), FetchedAt: r.time(), SHA256: r.hash()}
	d.Source = musette.Source(r.text())
	r.int() // size
	d.ConfirmedAt, d.Mark = r.time(), r.int()
	return d
}

// PruneHistory deletes what was replaced before a time.
func (tx *Tx) PruneHistory(ctx context.Context, before time.Time) error {
	_, err := tx.exec(ctx, "deleting old documents", "DELETE FROM {document_history} WHERE replaced_at_ms < $1", ms(before))
	return err
}

// DocumentedIDs returns the activities of which there are documents, whether or not they have rows of their own.
func (tx *Tx) DocumentedIDs(ctx context.Context, athleteID int64) ([]int64, error) {
	const stmt = "SELECT DISTINCT activity_id FROM {documents} WHERE athlete_id = $1 AND activity_id <> 0 ORDER BY activity_id"
	return tx.ids(ctx, "looking for documents", stmt, athleteID)
}

// documentMetasSQL reads documents' rows without their bodies; the checksums don't cover those.
var documentMetasSQL = selectColumns(tDocuments, "body")

// DocumentMetas returns the documents of one part for some activities, without their bodies. Damaged rows are left
// out and returned as joined [DamageError]s.
func (tx *Tx) DocumentMetas(ctx context.Context, athleteID int64, part musette.Part, ids []int64) (map[int64]musette.Document, error) {
	metas := make(map[int64]musette.Document, len(ids))
	var bad []error
	for some := range slices.Chunk(ids, inList) {
		stmt := documentMetasSQL + " WHERE athlete_id = $1 AND part = $2 AND activity_id IN (" + params(3, len(some)) + ")"
		rows, err := tx.recordsOf(ctx, tDocuments, stmt, idArgs(some, athleteID, escapeText(string(part)))...)
		if err != nil {
			return nil, err
		}
		docs, err := collect(rows, nil, documentFrom)
		bad = append(bad, err)
		for _, d := range docs {
			metas[d.ActivityID] = d
		}
	}
	return metas, errors.Join(bad...)
}

// MetasOf returns the documents of all parts of some of an athlete's activities, without their bodies: a few statements,
// however many they are. Damaged rows are left out and returned as joined [DamageError]s.
func (tx *Tx) MetasOf(ctx context.Context, athleteID int64, ids []int64) (map[musette.Key]musette.Document, error) {
	metas := make(map[musette.Key]musette.Document, len(ids))
	var bad []error
	for some := range slices.Chunk(ids, inList) {
		rows, err := tx.recordsOf(ctx, tDocuments, documentMetasSQL+someSQL(some), idArgs(some, athleteID)...)
		if err != nil {
			return nil, err
		}
		docs, err := collect(rows, nil, documentFrom)
		bad = append(bad, err)
		for _, d := range docs {
			metas[documentKey(d)] = d
		}
	}
	return metas, errors.Join(bad...)
}

func documentKey(d musette.Document) musette.Key {
	return musette.Key{AthleteID: d.AthleteID, ActivityID: d.ActivityID, Part: d.Part}
}

// DocumentsOf returns the documents of some of an athlete's activities by id, all or those of some parts, verified: a few
// statements, however many they are. Damaged ones are left out and returned as joined [DamageError]s.
func (tx *Tx) DocumentsOf(ctx context.Context, athleteID int64, ids []int64, parts ...musette.Part) (map[int64][]musette.Document, error) {
	docs := make(map[int64][]musette.Document, len(ids))
	var bad []error
	for some := range slices.Chunk(ids, inList) {
		where, args := someSQL(some), idArgs(some, athleteID)
		if len(parts) > 0 {
			where += " AND part IN (" + params(len(args)+1, len(parts)) + ")"
		}
		for _, part := range parts {
			args = append(args, escapeText(string(part)))
		}
		rows, err := tx.records(ctx, tDocuments, where, args...)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			d, err := wholeDocument(r, documentFrom, documentSize, documentBody)
			if err != nil {
				bad = append(bad, err)
				continue
			}
			docs[d.ActivityID] = append(docs[d.ActivityID], d)
		}
	}
	return docs, errors.Join(bad...)
}

// someSQL is the WHERE of what belongs to an athlete, $1, and some activities.
func someSQL(ids []int64) string {
	return " WHERE athlete_id = $1 AND activity_id IN (" + params(2, len(ids)) + ")"
}

// collectOf is collect for what belongs to some of an athlete's activities.
func collectOf[T any](ctx context.Context, tx *Tx, t *table, athleteID int64, ids []int64, from func(*record) T) ([]T, error) {
	var all []T
	var bad []error
	for some := range slices.Chunk(ids, inList) {
		rows, err := tx.records(ctx, t, someSQL(some), idArgs(some, athleteID)...)
		if err != nil {
			return nil, err
		}
		good, err := collect(rows, nil, from)
		all, bad = append(all, good...), append(bad, err)
	}
	return all, errors.Join(bad...)
}

// PutDocument writes a document, see [Tx.PutDocuments].
func (tx *Tx) PutDocument(ctx context.Context, d musette.Document, history bool) error {
	return tx.PutDocuments(ctx, []musette.Document{d}, map[musette.Key]bool{{AthleteID: d.AthleteID, ActivityID: d.ActivityID}: history})
}

// PutDocuments writes documents in place of those for their parts; of several with one key the last counts. The old ones
// of which the bytes differ go to the history, if history has their activities, by keys that name no part. The same bytes
// from the same source keep the time they first came.
func (tx *Tx) PutDocuments(ctx context.Context, docs []musette.Document, history map[musette.Key]bool) error {
	docs = lastBy(docs, func(d musette.Document) musette.Key {
		return musette.Key{AthleteID: d.AthleteID, ActivityID: d.ActivityID, Part: d.Part}
	})
	rows := make([]values, len(docs))
	for i, d := range docs {
		if !d.Intact() {
			return fmt.Errorf("store: %s of activity %d: the bytes don't have the SHA-256 they came with", d.Part, d.ActivityID)
		}
		rows[i] = values{
			d.AthleteID, d.ActivityID, string(d.Part), string(d.Source), d.SHA256[:], int64(len(d.Body)),
			ms(d.FetchedAt), ms(latest(d.FetchedAt, d.ConfirmedAt)), d.Mark, []byte(nil),
		}
		if err := tDocuments.check(rows[i]); err != nil {
			return err
		}
	}
	olds, err := tx.known(ctx, tDocuments, rows)
	if err != nil {
		return err
	}
	var replaced []values
	for i, d := range docs {
		old := olds[tDocuments.key(rows[i])]
		differs, err := tx.fill(rows[i], d, old)
		if err != nil {
			return err
		}
		if differs && history[musette.Key{AthleteID: d.AthleteID, ActivityID: d.ActivityID}] {
			replaced = append(replaced, tx.historyOf(old))
		}
	}
	if err := tx.replace(ctx, tHistory, nil, replaced); err != nil {
		return err
	}
	return tx.replace(ctx, tDocuments, olds, rows)
}

// fill gives a document's row its body and its times: those of the old row, nil if there is none, if that has the same
// bytes. It reports whether there is a good one with other bytes.
func (tx *Tx) fill(v values, d musette.Document, old *record) (differs bool, err error) {
	if old != nil {
		was, err := wholeDocument(old, documentFrom, documentSize, documentBody)
		if err == nil && was.SHA256 == d.SHA256 {
			if was.Source == d.Source {
				v[documentFetched] = min(ms(was.FetchedAt), ms(d.FetchedAt))
			}
			if !was.ConfirmedAt.After(tx.s.now().Add(time.Minute)) { // else by a clock that was ahead
				v[documentConfirmed] = max(v[documentConfirmed].(int64), ms(was.ConfirmedAt))
			}
			v[documentBody] = old.v[documentBody]
			return false, nil
		}
		differs = err == nil // if it is damaged, the new one is all there is
	}
	if v[documentBody], err = compress(d.Body); err != nil {
		err = fmt.Errorf("store: %s of activity %d: %w", d.Part, d.ActivityID, err)
	}
	return differs, err
}

// historyOf is a row of documents as one that is replaced now.
func (tx *Tx) historyOf(old *record) values {
	o := old.v
	return values{o[0], o[1], o[2], o[6], o[4], o[3], o[documentSize], o[documentConfirmed], o[8], ms(tx.s.now()), o[documentBody]}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Confirm notes that the documents of one part were still so at a time; one confirmed later stays as it is.
func (tx *Tx) Confirm(ctx context.Context, athleteID int64, part musette.Part, ids []int64, at time.Time) error {
	for some := range slices.Chunk(ids, inList) {
		stmt := `UPDATE {documents} SET confirmed_at_ms = $1
			WHERE athlete_id = $2 AND part = $3 AND confirmed_at_ms < $1 AND activity_id IN (` + params(4, len(some)) + ")"
		if _, err := tx.exec(ctx, "confirming documents", stmt, idArgs(some, ms(at), athleteID, escapeText(string(part)))...); err != nil {
			return err
		}
	}
	return nil
}

// params returns "$first, $first+1, …".
func params(first, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", first+i)
	}
	return b.String()
}

func idArgs(ids []int64, before ...any) []any {
	for _, id := range ids {
		before = append(before, id)
	}
	return before
}
