package store

import (
	"context"
	"errors"
	"time"
)

// A Zone is an area that a person wants hidden from strangers, besides those around the ends of routes.
type Zone struct {
	ID        string
	AthleteID int64 // 0: everybody's routes
	Name      string
	Lat, Lng  float64 // degrees
	RadiusM   float64
	CreatedAt time.Time
}

// The things of an activity that can be hidden from strangers.
const (
	HideAll         = "all" // the whole activity, in totals too
	HideMap         = "map"
	HidePhotos      = "photos"
	HideDescription = "description"
)

// A Hide says that strangers don't see something of one activity.
type Hide struct {
	AthleteID, ActivityID int64
	What                  string // one of the Hide constants
	CreatedAt             time.Time
}

// Zones returns all zones, the oldest first. Damaged rows are left out and returned as joined [DamageError]s beside the
// good ones: who shows anything to strangers must not go on without them.
func (tx *Tx) Zones(ctx context.Context) ([]Zone, error) {
	rows, err := tx.records(ctx, tZones, " ORDER BY created_at_ms, zone_id")
	return collect(rows, err, func(r *record) Zone {
		return Zone{
			ID: r.text(), AthleteID: r.int(), Name: r.text(), Lat: r.float(), Lng: r.float(), RadiusM: r.float(), CreatedAt: r.time(),
		}
	})
}

// PutZone writes a zone, new or known. Whoever follows the changes learns of it as a change of the athlete's activity 0.
func (tx *Tx) PutZone(ctx context.Context, z Zone) error {
	if err := tx.put(ctx, tZones, values{z.ID, z.AthleteID, z.Name, z.Lat, z.Lng, z.RadiusM, ms(z.CreatedAt)}); err != nil {
		return err
	}
	return tx.announce(ctx, z.AthleteID, 0, ChangePut)
}

// DropZone removes a zone and reports whether there was one. Like PutZone it is a change of the athlete's activity 0.
func (tx *Tx) DropZone(ctx context.Context, z Zone) (bool, error) {
	found, err := tx.remove(ctx, tZones, z.ID)
	if err != nil || !found {
		return false, err
	}
	return true, tx.announce(ctx, z.AthleteID, 0, ChangePut)
}

// Hides returns what is hidden of an athlete's activity, or with 0 of all of them. Damaged rows are as in Zones.
func (tx *Tx) Hides(ctx context.Context, athleteID, activityID int64) ([]Hide, error) {
	where, args := " WHERE athlete_id = $1", []any{athleteID}
	if activityID != 0 {
		where, args = where+" AND activity_id = $2", append(args, activityID)
	}
	rows, err := tx.records(ctx, tHides, where+" ORDER BY athlete_id, activity_id, what", args...)
	return collect(rows, err, func(r *record) Hide {
		return Hide{AthleteID: r.int(), ActivityID: r.int(), What: r.text(), CreatedAt: r.time()}
	})
}

// PutHide hides something of an activity, which is a change of it. An activity that isn't here is [ErrNotFound].
func (tx *Tx) PutHide(ctx context.Context, h Hide) error {
	if err := tx.touch(ctx, h.AthleteID, h.ActivityID); err != nil {
		return err
	}
	return tx.put(ctx, tHides, values{h.AthleteID, h.ActivityID, h.What, ms(h.CreatedAt)})
}

// DropHide shows again what was hidden of an activity, which is a change of it, and reports whether it was hidden.
func (tx *Tx) DropHide(ctx context.Context, h Hide) (bool, error) {
	found, err := tx.remove(ctx, tHides, h.AthleteID, h.ActivityID, h.What)
	if err != nil || !found {
		return false, err
	}
	if err := tx.touch(ctx, h.AthleteID, h.ActivityID); !errors.Is(err, ErrNotFound) {
		return true, err
	}
	return true, nil
}

// touch gives an activity the number of a change, though it is as it was.
func (tx *Tx) touch(ctx context.Context, athleteID, id int64) error {
	a, err := tx.Activity(ctx, athleteID, id)
	if err != nil {
		return err
	}
	if err := tx.announce(ctx, athleteID, id, a.change()); err != nil {
		return err
	}
	m, err := tx.readMeta(ctx)
	if err != nil {
		return err
	}
	a.Seq = m.seq
	return tx.put(ctx, tActivities, a.values())
}

// announce numbers a change.
func (tx *Tx) announce(ctx context.Context, athleteID, activityID int64, kind string) error {
	seq, err := tx.number(ctx)
	if err != nil {
		return err
	}
	return tx.put(ctx, tChanges, values{athleteID, activityID, seq, kind})
}
