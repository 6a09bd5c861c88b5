package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
)

// A Picture is what is known of a photo's picture: where it comes from, and once it is here under which hash.
type Picture struct {
	AthleteID, ActivityID int64
	PhotoID               string // the photo's identity at Strava, whatever its address

	URL     string // where it is fetched
	AskedPX int    // of which largest size that address is

	Outcome string // PictureDue, PictureKept or PictureFailed
	Made    bool   // the smaller sizes are made, as far as that can be

	SHA256        string // of the picture as it is kept, in hex; this and the following are empty until it is
	Type          string // its media type
	Width, Height int    // as it is shown
	Bytes         int64
	Forms         []PictureForm // smaller sizes

	Due       time.Time // when to fetch it; zero: not at all
	TriedAt   time.Time
	Failures  int    // in a row
	Reason    string // of the last failure, "" if there was none
	KeptAt    time.Time
	DroppedAt time.Time // since when no view shows it any more; zero: one does
}

// A PictureForm is a smaller size of a picture.
type PictureForm struct {
	Size   int    `json:"size"` // the longer side, in pixels
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // in hex
}

// What became of fetching a picture.
const (
	PictureDue    = "due"    // not tried yet, or only a few times
	PictureKept   = "kept"   // it is here
	PictureFailed = "failed" // it couldn't be had so often that it is tried but rarely
)

// Kept reports whether the picture is here.
func (p *Picture) Kept() bool { return p.SHA256 != "" }

func (p *Picture) values() (values, error) {
	forms := ""
	if len(p.Forms) > 0 {
		text, err := json.Marshal(p.Forms, json.Deterministic(true))
		if err != nil {
			return nil, err
		}
		forms = string(text)
	}
	return values{
		p.AthleteID, p.ActivityID, p.PhotoID, p.URL, int64(p.AskedPX), p.Outcome, flag(p.Made), p.SHA256, p.Type,
		int64(p.Width), int64(p.Height), p.Bytes, forms, ms(p.Due), ms(p.TriedAt), int64(p.Failures), p.Reason, ms(p.KeptAt), ms(p.DroppedAt),
	}, nil
}

func pictureFrom(r *record) Picture {
	p := Picture{AthleteID: r.int(), ActivityID: r.int(), PhotoID: r.text(), URL: r.text(), AskedPX: int(r.int())}
	p.Outcome, p.Made, p.SHA256, p.Type = r.text(), r.int() != 0, r.text(), r.text()
	p.Width, p.Height, p.Bytes = int(r.int()), int(r.int()), r.int()
	if forms := r.text(); forms != "" && json.Unmarshal([]byte(forms), &p.Forms) != nil {
		p.Forms, p.Made = nil, false // of a program that wrote them otherwise: they can be made again
	}
	p.Due, p.TriedAt, p.Failures, p.Reason = r.time(), r.time(), int(r.int()), r.text()
	p.KeptAt, p.DroppedAt = r.time(), r.time()
	return p
}

func (tx *Tx) pictures(ctx context.Context, rest string, args ...any) ([]Picture, error) {
	rows, err := tx.records(ctx, tPictures, rest, args...)
	return collect(rows, err, pictureFrom)
}

// Pictures returns what is known of an activity's pictures, or with 0 of all of the athlete's, by activity and photo.
// Damaged rows are left out and returned as joined [DamageError]s beside the good ones; so they are by all that follow.
func (tx *Tx) Pictures(ctx context.Context, athleteID, activityID int64) ([]Picture, error) {
	if activityID == 0 {
		return tx.pictures(ctx, " WHERE athlete_id = $1 ORDER BY activity_id, photo_id", athleteID)
	}
	return tx.pictures(ctx, " WHERE athlete_id = $1 AND activity_id = $2 ORDER BY photo_id", athleteID, activityID)
}

// PicturesDue returns pictures that are to be fetched, the longest due first, at most limit.
func (tx *Tx) PicturesDue(ctx context.Context, now time.Time, limit int) ([]Picture, error) {
	return tx.pictures(ctx, " WHERE due_at_ms > 0 AND due_at_ms <= $1 ORDER BY due_at_ms, activity_id DESC LIMIT $2", ms(now), int64(limit))
}

// PicturesUnmade returns pictures that are kept, but not in smaller sizes yet, the newest activities first, at most limit.
func (tx *Tx) PicturesUnmade(ctx context.Context, limit int) ([]Picture, error) {
	return tx.pictures(ctx, " WHERE outcome = $1 AND made = 0 ORDER BY activity_id DESC LIMIT $2", PictureKept, int64(limit))
}

// PicturesDropped returns pictures that no view has shown since before a time, the longest first, at most limit.
func (tx *Tx) PicturesDropped(ctx context.Context, before time.Time, limit int) ([]Picture, error) {
	return tx.pictures(ctx, " WHERE dropped_at_ms > 0 AND dropped_at_ms < $1 ORDER BY dropped_at_ms LIMIT $2", ms(before), int64(limit))
}

// PictureCounts returns how many pictures there are, by athlete and outcome.
func (tx *Tx) PictureCounts(ctx context.Context) (map[int64]map[string]int, error) {
	counts := map[int64]map[string]int{}
	err := tx.query(ctx, "counting pictures", "SELECT athlete_id, outcome, count(*) FROM {pictures} GROUP BY athlete_id, outcome", nil, func(rows *sql.Rows) error {
		var athlete int64
		var outcome string
		var n int
		err := rows.Scan(&athlete, &outcome, &n)
		if counts[athlete] == nil {
			counts[athlete] = map[string]int{}
		}
		counts[athlete][outcome] = n
		return err
	})
	return counts, err
}

// PutPicture writes what is known of a picture.
func (tx *Tx) PutPicture(ctx context.Context, p Picture) error {
	v, err := p.values()
	if err != nil {
		return fmt.Errorf("store: a picture of activity %d: %w", p.ActivityID, err)
	}
	return tx.put(ctx, tPictures, v)
}

// PutPictureShown is PutPicture where readers see another thing than before: it is a change of the activity. An activity
// that isn't here is [ErrNotFound].
func (tx *Tx) PutPictureShown(ctx context.Context, p Picture) error {
	if err := tx.touch(ctx, p.AthleteID, p.ActivityID); err != nil {
		return err
	}
	return tx.PutPicture(ctx, p)
}

// DropPicture forgets a picture. Its file is the caller's.
func (tx *Tx) DropPicture(ctx context.Context, p Picture) error {
	_, err := tx.remove(ctx, tPictures, p.AthleteID, p.ActivityID, escapeText(p.PhotoID))
	return err
}

// PutPictureFile keeps the bytes of a picture under their SHA-256. The same bytes are kept once.
func (tx *Tx) PutPictureFile(ctx context.Context, athleteID int64, sha string, body []byte) error {
	const stmt = "INSERT INTO {picture_files} (athlete_id, sha256, put_at_ms, body) VALUES ($1, $2, $3, $4) ON CONFLICT (athlete_id, sha256) DO NOTHING"
	_, err := tx.exec(ctx, "keeping a picture", stmt, athleteID, sha, ms(tx.s.now()), body)
	return err
}

// PictureFile returns bytes by their SHA-256, verified. If they aren't here it is [ErrNotFound], and a [DamageError] if
// they are others.
func (tx *Tx) PictureFile(ctx context.Context, athleteID int64, sha string) ([]byte, error) {
	var body []byte
	err := tx.scalar(ctx, "reading a picture", "SELECT body FROM {picture_files} WHERE athlete_id = $1 AND sha256 = $2", []any{athleteID, sha}, &body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(body); hex.EncodeToString(sum[:]) != sha {
		return nil, &DamageError{tPictureFiles.name, sha, "the SHA-256 differs"}
	}
	return body, nil
}

// PictureFiles returns under which hashes an athlete's pictures are kept, and since when.
func (tx *Tx) PictureFiles(ctx context.Context, athleteID int64) (map[string]time.Time, error) {
	files := map[string]time.Time{}
	err := tx.query(ctx, "listing pictures", "SELECT sha256, put_at_ms FROM {picture_files} WHERE athlete_id = $1", []any{athleteID}, func(rows *sql.Rows) error {
		var sha string
		var at int64
		err := rows.Scan(&sha, &at)
		files[sha] = fromMS(at)
		return err
	})
	return files, err
}

// DropPictureFile removes bytes.
func (tx *Tx) DropPictureFile(ctx context.Context, athleteID int64, sha string) error {
	_, err := tx.exec(ctx, "deleting a picture", "DELETE FROM {picture_files} WHERE athlete_id = $1 AND sha256 = $2", athleteID, sha)
	return err
}
