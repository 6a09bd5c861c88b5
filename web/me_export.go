package web

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"musette"
	"musette/picture"
	"musette/store"
	"musette/track"
)

// mostExports is how many are written at once: each reads everything of an athlete.
const mostExports = 2

// getMyExport writes everything that is here of an athlete as a zip, one activity after the other.
func (s *Server) getMyExport(w http.ResponseWriter, r *http.Request) error {
	values, err := params(r, meParam)
	if err != nil {
		return err
	}
	m, err := s.myself(r, values)
	switch {
	case err != nil:
		return err
	case !m.may(ScopeAdmin):
		return forbidden(ScopeAdmin)
	}
	if s.exports.Add(1) > mostExports {
		s.exports.Add(-1)
		w.Header().Set("Retry-After", "60")
		return unavailable("Others are taking theirs just now. Try again in a minute.")
	}
	defer s.exports.Add(-1)
	var ids []int64
	err = s.config.Store.View(r.Context(), func(tx *store.Tx) (err error) {
		ids, err = tx.DocumentedIDs(r.Context(), m.id)
		return err
	})
	if err != nil && len(store.Damages(err)) == 0 {
		s.config.Log.Warn("an export could not begin", "error", err, "request", requestID(r))
		return unavailable("The database can't be read just now. No data is lost. Try again in a minute.")
	}
	h := w.Header()
	h.Set("Content-Type", "application/zip")
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="musette-%d-%s.zip"`, m.id, s.config.Now().UTC().Format(time.DateOnly)))
	h.Set("Cache-Control", "no-store")
	if r.Method == http.MethodHead {
		return nil
	}
	e := &export{ctx: r.Context(), server: s, zip: zip.NewWriter(w), athlete: m.id, at: s.config.Now().UTC()}
	if err := e.write(ids); err != nil {
		if r.Context().Err() == nil {
			s.config.Log.Error("an export ended early", "error", err, "request", requestID(r))
		}
		panic(http.ErrAbortHandler) // a zip that is cut short must not look whole
	}
	return nil
}

// An export is being written.
type export struct {
	ctx     context.Context
	server  *Server
	zip     *zip.Writer
	athlete int64
	at      time.Time
}

const exportReadme = `All that Musette has of you.

athlete.json               your profile, as it came from Strava
choices.json               what you have hidden from strangers, and your privacy zones
activities/ID/
  summary.json, detail.json, photos.json, comments.json, streams.json
                           as they came, byte by byte; those that are here
  documents.json           where each came from, when, and its SHA-256
  activity.json            what Musette makes of them
  route.gpx                the whole route, where there is one
  pictures/                your photos, as they are kept here: whole, without what a camera notes in its files
  earlier/                 what was replaced of late
`

func (e *export) write(ids []int64) error {
	if err := e.file("README.txt", []byte(exportReadme)); err != nil {
		return err
	}
	if err := e.choices(); err != nil {
		return err
	}
	if err := e.activity(0); err != nil {
		return err
	}
	for _, id := range ids {
		if id == 0 {
			continue
		}
		if err := e.activity(id); err != nil {
			return err
		}
	}
	return e.zip.Close()
}

func (e *export) file(name string, body []byte) error {
	f, err := e.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: e.at})
	if err == nil {
		_, err = f.Write(body)
	}
	return err
}

func (e *export) json(name string, v any) error {
	body, err := json.Marshal(v, json.Deterministic(true), jsontext.AllowInvalidUTF8(true), jsontext.WithIndent("  "))
	if err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return e.file(name, append(body, '\n'))
}

// choices writes what the athlete has chosen.
func (e *export) choices() error {
	hides, zones, err := e.server.choices(e.ctx, e.athlete)
	if err != nil && len(store.Damages(err)) == 0 {
		return err
	}
	type zone struct {
		Name    string  `json:"name"`
		Lat     float64 `json:"lat"`
		Lng     float64 `json:"lng"`
		RadiusM float64 `json:"radius_m"`
	}
	out := struct {
		Hidden map[string][]string `json:"hidden"`
		Zones  []zone              `json:"zones"`
	}{map[string][]string{}, []zone{}}
	for id, what := range hides {
		out.Hidden[strconv.FormatInt(id, 10)] = what
	}
	for _, z := range zones {
		if z.AthleteID == e.athlete {
			out.Zones = append(out.Zones, zone{z.Name, z.Lat, z.Lng, z.RadiusM})
		}
	}
	return e.json("choices.json", out)
}

// kept is what the store has of one activity.
type kept struct {
	docs    []musette.Document
	history []musette.Replaced
	view    []byte
	photos  []store.Picture
}

// read takes one activity out of the store. What is damaged is left out: the rest is the athlete's all the same.
func (e *export) read(id int64) (k kept, err error) {
	whole := func(err error) error {
		if err != nil && len(store.Damages(err)) > 0 {
			return nil
		}
		return err
	}
	err = e.server.config.Store.View(e.ctx, func(tx *store.Tx) (err error) {
		if k.docs, err = tx.Documents(e.ctx, e.athlete, id); whole(err) != nil {
			return err
		}
		if k.history, err = tx.History(e.ctx, e.athlete, id); whole(err) != nil {
			return err
		}
		if id == 0 {
			return nil
		}
		if k.photos, err = tx.Pictures(e.ctx, e.athlete, id); whole(err) != nil {
			return err
		}
		row, err := tx.Activity(e.ctx, e.athlete, id)
		k.view = row.View
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return whole(err)
	})
	return k, err
}

// activity writes one; 0 is the athlete as such.
func (e *export) activity(id int64) error {
	k, err := e.read(id)
	if err != nil {
		return err
	}
	folder := ""
	if id != 0 {
		folder = "activities/" + strconv.FormatInt(id, 10) + "/"
	}
	type origin struct {
		File      string          `json:"file"`
		Source    musette.Source  `json:"source"`
		Fetched   musette.Instant `json:"fetched_at"`
		Confirmed musette.Instant `json:"confirmed_at"`
		SHA256    string          `json:"sha256"`
	}
	var origins []origin
	put := func(name string, d *musette.Document) error {
		origins = append(origins, origin{name, d.Source, musette.At(d.FetchedAt), musette.At(d.ConfirmedAt), fmt.Sprintf("%x", d.SHA256)})
		return e.file(folder+name, d.Body)
	}
	for i := range k.docs {
		if err := put(string(k.docs[i].Part)+".json", &k.docs[i]); err != nil {
			return err
		}
	}
	for i := range k.history {
		d := &k.history[i]
		if err := put(fmt.Sprintf("earlier/%s-%d-%s.json", d.Part, i+1, d.At.UTC().Format("20060102T150405Z")), &d.Document); err != nil {
			return err
		}
	}
	if len(origins) > 0 {
		if err := e.json(folder+"documents.json", origins); err != nil {
			return err
		}
	}
	if err := e.pictures(folder, k.photos); err != nil {
		return err
	}
	if len(k.view) == 0 {
		return nil
	}
	if err := e.file(folder+"activity.json", k.view); err != nil {
		return err
	}
	if body := routeFile(&k); body != nil {
		return e.file(folder+"route.gpx", body)
	}
	return nil
}

// plainName is a photo's identity that can name a file anywhere.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

var pictureEndings = map[string]string{picture.JPEG: ".jpg", picture.PNG: ".png", picture.WebP: ".webp"}

// pictures writes those of an activity that are kept, under what the photos are called in photos.json. One that is missing
// or damaged is left out, as it is fetched again; without the database where it should be, the export can't be whole.
func (e *export) pictures(folder string, photos []store.Picture) error {
	for i := range photos {
		p := &photos[i]
		if !p.Kept() || e.server.config.Picture == nil {
			continue
		}
		body, err := e.server.config.Picture(e.ctx, e.athlete, p.SHA256)
		if trouble, ok := errors.AsType[*store.Error](err); ok && errors.Is(trouble, store.ErrUnreachable) || e.ctx.Err() != nil {
			return fmt.Errorf("reading the pictures of activity %d: %w", p.ActivityID, err)
		}
		if err != nil {
			continue
		}
		name := p.PhotoID
		if !plainName.MatchString(name) {
			name = p.SHA256
		}
		f, err := e.zip.CreateHeader(&zip.FileHeader{Name: folder + "pictures/" + name + pictureEndings[p.Type], Method: zip.Store, Modified: e.at})
		if err == nil {
			_, err = f.Write(body)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// routeFile is the activity's whole route, with heights and times where the streams are here; nil without a route.
func routeFile(k *kept) []byte {
	var a musette.Activity
	if json.Unmarshal(k.view, &a, anyJSON) != nil {
		return nil
	}
	t := track.GPXTrack{Name: a.Name, Type: a.SportType, Link: a.Links.Strava, Start: a.Start.Time}
	if d := part(k.docs, musette.PartStreams); d != nil {
		if points := streamPoints(d.Body, a.Start.Time); len(points) > 0 {
			t.Segments = [][]track.GPXPoint{points}
		}
	}
	if t.Segments == nil && a.Map != nil {
		if points, _ := track.Decode(a.Map.Polyline); len(points) > 0 {
			t.Segments = [][]track.GPXPoint{track.GPXLine(points)}
		}
	}
	if t.Segments == nil {
		return nil
	}
	return t.GPX()
}
