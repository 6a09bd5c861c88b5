package musette

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"musette/track"
)

// wireDetail are the members that only a detail has, each to be decoded by itself, so that an odd one costs no other.
type wireDetail struct {
	Description jsontext.Value `json:"description"`
	Map         jsontext.Value `json:"map"`
	Photos      jsontext.Value `json:"photos"`
	Laps        jsontext.Value `json:"laps"`
}

func readDetail(body []byte) (w wireDetail) {
	_ = json.Unmarshal(body, &w, relaxed) // it has been read before: it is an object
	return w
}

// member decodes one member, or a whole list; an odd one is as good as none.
func member[T any](raw jsontext.Value) (v T) {
	if len(raw) == 0 || json.Unmarshal(raw, &v, relaxed) != nil {
		var none T
		return none
	}
	return v
}

func (w *wireDetail) description() *string {
	if text := member[string](w.Description); text != "" {
		return &text
	}
	return nil
}

func (w *wireDetail) laps() (laps []Lap) {
	type wireLap struct {
		Name          *string  `json:"name"`
		Distance      *float64 `json:"distance"`
		MovingTime    *float64 `json:"moving_time"`
		ElapsedTime   *float64 `json:"elapsed_time"`
		ElevationGain *float64 `json:"total_elevation_gain"`
	}
	for _, l := range member[[]wireLap](w.Laps) {
		laps = append(laps, Lap{
			Name: deref(l.Name), DistanceM: deref(l.Distance), ClimbM: count(deref(l.ElevationGain) + 0.5),
			MovingS: count(deref(l.MovingTime)), ElapsedS: count(deref(l.ElapsedTime)),
		})
	}
	return laps
}

// polyline is the whole route, "" if there is none.
func (w *wireDetail) polyline() string {
	return member[struct {
		Polyline string `json:"polyline"`
	}](w.Map).Polyline
}

// route chooses the polyline, see Derive. A summary that has none doesn't say that there was a change: the detail that
// it makes due will.
func (d *decoded) route() *Map {
	var candidates []string
	if d.detail != nil {
		candidates = []string{d.more.polyline(), d.detail.basics.SummaryPolyline}
	}
	if d.summary != nil {
		short := d.summary.basics.SummaryPolyline
		changed := d.detail != nil && d.summaryIsNewer() && d.detail.basics.SummaryPolyline != "" && short != d.detail.basics.SummaryPolyline
		if changed {
			candidates = slices.Insert(candidates, 0, short)
		} else {
			candidates = append(candidates, short)
		}
	}
	for _, polyline := range candidates {
		points, err := track.Decode(polyline)
		if err != nil {
			continue
		}
		if bounds, ok := track.BoundsOf(points); ok {
			return &Map{Polyline: polyline, Bounds: bounds}
		}
	}
	return nil
}

type wirePhoto struct {
	UniqueID    jsontext.Value       `json:"unique_id"`
	ActivityID  int64                `json:"activity_id"`
	Caption     string               `json:"caption"`
	URLs        map[string]string    `json:"urls"`
	Sizes       map[string][]float64 `json:"sizes"`
	Placeholder jsontext.Value       `json:"placeholder_image"`
}

// photo returns the largest picture there is; false if it is a stand-in for one that Strava still works on.
func (p *wirePhoto) photo() (photo Photo, ok bool) {
	largest, key := -1, ""
	for k, url := range p.URLs {
		n, err := strconv.Atoi(k)
		if err == nil && url != "" && (n > largest || n == largest && k < key) {
			largest, key = n, k
		}
	}
	if kind := p.Placeholder.Kind(); key == "" || kind == '{' || kind == '"' || kind == 't' {
		return Photo{}, false
	}
	photo = Photo{URL: p.URLs[key], Caption: p.Caption, ID: p.id(p.URLs[key]), AskedPX: largest}
	if wh := p.Sizes[key]; len(wh) == 2 {
		photo.Width, photo.Height = count(wh[0]), count(wh[1])
	}
	return photo, true
}

// id is the photo's own, or where it has none one that its address gives it.
func (p *wirePhoto) id(url string) string {
	if id := member[string](p.UniqueID); id != "" {
		return id
	}
	sum := sha256.Sum256([]byte(url))
	return "url-" + hex.EncodeToString(sum[:16])
}

func (d *decoded) fillPhotos(a *Activity, b *Basics) {
	if b.PhotoCount == 0 {
		return
	}
	for i := range d.photos {
		if p, ok := d.photos[i].photo(); ok {
			a.Photos = append(a.Photos, p)
		}
	}
	unfinished := len(d.photos) > 0 && len(a.Photos) == 0 // Strava still works on every one
	if doc := d.best[PartPhotos]; doc == nil || doc.Mark != int64(b.PhotoCount) || unfinished {
		a.Missing = append(a.Missing, PartPhotos)
	}
	if len(a.Photos) == 0 { // until they are here, the detail's own first picture stands in
		first := member[struct {
			Primary struct {
				UniqueID jsontext.Value    `json:"unique_id"`
				URLs     map[string]string `json:"urls"`
			} `json:"primary"`
		}](d.more.Photos).Primary
		if p, ok := (&wirePhoto{UniqueID: first.UniqueID, URLs: first.URLs}).photo(); ok {
			p.StandIn = true
			a.Photos = append(a.Photos, p)
		}
	}
}

type wireComment struct {
	ActivityID int64  `json:"activity_id"`
	Text       string `json:"text"`
	CreatedAt  string `json:"created_at"`
	Athlete    struct {
		Firstname string `json:"firstname"`
		Lastname  string `json:"lastname"`
	} `json:"athlete"`
}

func (d *decoded) fillComments(a *Activity, b *Basics) {
	if b.CommentCount == 0 {
		return
	}
	for _, c := range d.comments {
		at, _ := time.Parse(time.RFC3339, c.CreatedAt) // a comment without a readable time is still a comment
		author := strings.TrimSpace(c.Athlete.Firstname + " " + c.Athlete.Lastname)
		a.Comments = append(a.Comments, Comment{Author: author, Text: c.Text, At: At(at)})
	}
	if doc := d.best[PartComments]; doc == nil || doc.Mark != int64(b.CommentCount) {
		a.Missing = append(a.Missing, PartComments)
	}
}
