package store

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"iter"
	"time"

	"musette"
)

// The statuses of an activity.
const (
	StatusLive = "live" // Strava has it
	StatusGone = "gone" // deleted there: hidden at once, its documents kept for 30 days
	StatusKept = "kept" // restored, though Strava no longer has it: for its owner only
)

// An Activity is what readers see of one, derived from its documents: columns to choose by, and the view itself.
type Activity struct {
	AthleteID, ID   int64
	Status          string // StatusLive, StatusGone or StatusKept
	Start           time.Time
	SportType, Type string
	DistanceM       float64
	MovingS         int
	ElapsedS        int
	ClimbM          int
	Visibility      string
	View            []byte // derived JSON
	ViewVersion     int    // of the derivation
	GoneAt          time.Time
	Seq             int64 // number of its last change; read only
}

func activityFrom(r *record) Activity {
	return Activity{
		AthleteID: r.int(), ID: r.int(), Status: r.text(), Start: r.time(), SportType: r.text(), Type: r.text(),
		DistanceM: r.float(), MovingS: r.num(), ElapsedS: r.num(), ClimbM: r.num(), Visibility: r.text(),
		ViewVersion: r.num(), GoneAt: r.time(), Seq: r.int(), View: r.blob(),
	}
}

func (a *Activity) values() values {
	return values{
		a.AthleteID, a.ID, a.Status, ms(a.Start), a.SportType, a.Type,
		a.DistanceM, int64(a.MovingS), int64(a.ElapsedS), int64(a.ClimbM), a.Visibility,
		int64(a.ViewVersion), ms(a.GoneAt), a.Seq, a.View,
	}
}

// Activity returns one activity, [ErrNotFound] if there is none, a [DamageError] if its row is not what was written.
func (tx *Tx) Activity(ctx context.Context, athleteID, id int64) (Activity, error) {
	return tx.activity(ctx, id, tActivities.stmts.byKey, athleteID, id)
}

// FindActivity is Activity where the athlete isn't known.
func (tx *Tx) FindActivity(ctx context.Context, id int64) (Activity, error) {
	return tx.activity(ctx, id, " WHERE activity_id = $1 ORDER BY athlete_id LIMIT 1", id)
}

func (tx *Tx) activity(ctx context.Context, id int64, where string, args ...any) (Activity, error) {
	rows, err := tx.records(ctx, tActivities, where, args...)
	if err != nil {
		return Activity{}, err
	}
	if len(rows) == 0 {
		return Activity{}, fmt.Errorf("store: activity %d: %w", id, ErrNotFound)
	}
	if bad := rows[0].damage(); bad != nil {
		return Activity{}, bad
	}
	return activityFrom(rows[0]), nil
}

// ActivitiesOf returns some of an athlete's activities by id: a few statements, however many they are. Damaged rows are
// left out and returned as joined [DamageError]s beside the good ones.
func (tx *Tx) ActivitiesOf(ctx context.Context, athleteID int64, ids []int64) (map[int64]Activity, error) {
	list, err := collectOf(ctx, tx, tActivities, athleteID, ids, activityFrom)
	found := make(map[int64]Activity, len(list))
	for _, a := range list {
		found[a.ID] = a
	}
	return found, err
}

// scanRows is how many activities are read at a time; between, the caller may use the transaction.
const scanRows = 500

// Activities yields all of an athlete's activities by id, each one's checksum verified. A damaged row comes as its key
// with a [DamageError], and the scan goes on. At the end, a [DamageError] with no activity says that rows are missing or
// aren't the newest. Any other error ends the scan.
func (tx *Tx) Activities(ctx context.Context, athleteID int64) iter.Seq2[Activity, error] {
	return func(yield func(Activity, error) bool) {
		var got tally
		last := int64(-1 << 63)
		for first := true; ; first = false {
			after := " WHERE athlete_id = $1 AND activity_id > $2 ORDER BY activity_id LIMIT $3"
			if first {
				after = " WHERE athlete_id = $1 AND activity_id >= $2 ORDER BY activity_id LIMIT $3"
			}
			rows, err := tx.records(ctx, tActivities, after, athleteID, last, int64(scanRows))
			if err != nil {
				yield(Activity{AthleteID: athleteID}, err)
				return
			}
			for _, r := range rows {
				got.rows++
				got.xor ^= r.sum
				if id, ok := r.v[1].(int64); ok {
					last = id
				}
				if bad := r.damage(); bad != nil {
					if !yield(Activity{AthleteID: athleteID, ID: last}, bad) {
						return
					}
				} else if !yield(activityFrom(r), nil) {
					return
				}
			}
			if len(rows) < scanRows {
				break
			}
		}
		if err := tx.compare(ctx, athleteID, tActivities, got); err != nil {
			yield(Activity{AthleteID: athleteID}, err)
		}
	}
}

// ActivityIDs returns the live activities that start within [from, to], by start: what a listing of that time must
// have. A zero to means no end.
func (tx *Tx) ActivityIDs(ctx context.Context, athleteID int64, from, to time.Time) ([]int64, error) {
	const stmt = `SELECT activity_id FROM {activities}
		WHERE athlete_id = $1 AND start_ms >= $2 AND start_ms <= $3 AND status = 'live' ORDER BY start_ms, activity_id`
	end := ms(to)
	if to.IsZero() {
		end = 1<<63 - 1
	}
	return tx.ids(ctx, "listing activities", stmt, athleteID, ms(from), end)
}

// ids reads one column of them.
func (tx *Tx) ids(ctx context.Context, doing, stmt string, args ...any) ([]int64, error) {
	var ids []int64
	err := tx.query(ctx, doing, stmt, args, func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	})
	return ids, err
}

// PutActivity writes an activity, new or known, and reports whether it changed, see [Tx.PutActivities].
func (tx *Tx) PutActivity(ctx context.Context, a Activity) (changed bool, err error) {
	ids, err := tx.PutActivities(ctx, a)
	return len(ids) > 0, err
}

// PutActivities writes activities, new or known; of several with one key the last counts. It returns those that changed,
// by keys that name no part: those whose view or status isn't as it was. They, and no others, get the next changes'
// numbers, in their order. Seq isn't looked at.
func (tx *Tx) PutActivities(ctx context.Context, list ...Activity) (changed map[musette.Key]bool, err error) {
	list = lastBy(list, Activity.key)
	rows := make([]values, len(list))
	for i := range list {
		rows[i] = list[i].values()
		if err := tActivities.check(rows[i]); err != nil {
			return nil, err
		}
	}
	olds, err := tx.known(ctx, tActivities, rows)
	if err != nil {
		return nil, err
	}
	changed = map[musette.Key]bool{}
	var write, changes []values
	for i, a := range list {
		old, v := olds[tActivities.key(rows[i])], rows[i]
		if seq, same := a.sameAs(old); same {
			if v[activitySeq] = seq; tActivities.sum(v) == old.sum {
				continue
			}
		} else {
			if seq, err = tx.number(ctx); err != nil {
				return nil, err
			}
			v[activitySeq], changed[a.key()] = seq, true
			changes = append(changes, values{a.AthleteID, a.ID, seq, a.change()})
		}
		write = append(write, v)
	}
	if err := tx.putMany(ctx, tChanges, changes); err != nil {
		return nil, err
	}
	return changed, tx.replace(ctx, tActivities, olds, write)
}

var activitySeq = tActivities.index("seq")

// sameAs reports whether readers see the same of a as of an old row, and the number of its last change then.
func (a *Activity) sameAs(old *record) (seq int64, same bool) {
	if old == nil || old.damage() != nil {
		return 0, false
	}
	was := activityFrom(old)
	return was.Seq, was.Status == a.Status && bytes.Equal(was.View, a.View)
}

func (a Activity) key() musette.Key { return musette.Key{AthleteID: a.AthleteID, ActivityID: a.ID} }

// change is the kind of the change that brings a to readers.
func (a *Activity) change() string {
	if a.Status == StatusGone {
		return ChangeGone
	}
	return ChangePut
}
