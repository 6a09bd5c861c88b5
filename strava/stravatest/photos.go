package stravatest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"musette/strava/stravatest/season"
)

// photo has the members of recorded photos, in their order.
type photo struct {
	UniqueID       string            `json:"unique_id"`
	AthleteID      int64             `json:"athlete_id"`
	ActivityID     int64             `json:"activity_id"`
	ActivityName   string            `json:"activity_name"`
	PostID         *int64            `json:"post_id"`
	ResourceState  int               `json:"resource_state"`
	Caption        string            `json:"caption"`
	Type           int               `json:"type"` // 1 photo, 2 video
	Source         int               `json:"source"`
	Status         int               `json:"status"`
	UploadedAt     string            `json:"uploaded_at"`
	CreatedAt      string            `json:"created_at"`
	CreatedAtLocal string            `json:"created_at_local"`
	URLs           map[string]string `json:"urls"`
	Placeholder    *placeholder      `json:"placeholder_image"`
	Sizes          map[string][2]int `json:"sizes"`
	Default        bool              `json:"default_photo"`
	Cursor         *string           `json:"cursor"`
	Duration       *decimal          `json:"duration,omitempty"`
	VideoURL       string            `json:"video_url,omitempty"`
	Location       latLng            `json:"location,omitempty"`
}

// placeholder stands in for a picture in processing. That there is one is
// known from its name alone; what it holds is a guess.
type placeholder struct {
	Light string `json:"light_url"`
	Dark  string `json:"dark_url"`
}

// Values of photo.Status: 3 in all recordings, another while in processing.
const (
	photoReady      = 3
	photoProcessing = 1
	tinyPicture     = 100 // without a size asked for
)

func mediaType(p season.Photo) int {
	if p.Video {
		return 2
	}
	return 1
}

func (s *Server) pictureURL(q *request, p season.Photo, size int) string {
	return s.baseURL(q.Request) + "/pictures/" + p.UniqueID + "/" + strconv.Itoa(size) + ".jpg"
}

// listPhotos answers GET /activities/{id}/photos, which no documentation
// names: the addresses stand under the size asked for.
func (s *Server) listPhotos(q *request, a *activity) reply {
	if q.quirks.NoPhotosEndpoint {
		return unknownPath()
	}
	size, ok := q.whole("size", tinyPicture, 1, 1<<16)
	if !ok {
		return badParameter("Application", "size", "invalid")
	}
	key := strconv.Itoa(size)
	out := []photo{}
	for i, p := range a.Photos {
		w, h := fit(p, size)
		one := photo{
			UniqueID: p.UniqueID, AthleteID: a.athleteID, ActivityID: a.ID, ActivityName: a.Name, ResourceState: 2,
			Caption: p.Caption, Type: mediaType(p), Source: 1, Status: photoReady,
			UploadedAt: stamp(p.UploadedAt), CreatedAt: stamp(p.TakenAt), CreatedAtLocal: stamp(falseUTC(p.TakenAt, a.Timezone)),
			URLs: map[string]string{key: s.pictureURL(q, p, size)}, Sizes: map[string][2]int{key: {w, h}}, Default: i == 0,
		}
		if p.Video {
			d := decimal(rounded(p.Duration.Seconds(), 1))
			one.Duration = &d
			one.VideoURL = s.baseURL(q.Request) + "/pictures/" + p.UniqueID + "/film.m3u8"
		}
		if p.HasLocation {
			one.Location = latLngOf([2]float64{p.Lat, p.Lng})
		}
		if q.faults.has(FaultPlaceholder) {
			base := s.baseURL(q.Request) + "/pictures/placeholder/"
			one.Status, one.Placeholder = photoProcessing, &placeholder{base + "light.jpg", base + "dark.jpg"}
			one.URLs, one.Sizes = map[string]string{}, map[string][2]int{}
		}
		out = append(out, one)
	}
	return okJSON(out)
}

// fit returns the size at which the longer side is at most size pixels, and
// no side is less than smallest; nothing is drawn larger than it is.
func fit(p season.Photo, size int) (w, h int) {
	long := max(p.Width, p.Height)
	if size >= long {
		return p.Width, p.Height
	}
	const smallest = 8 // a landscape needs some room
	return max(smallest, p.Width*size/long), max(smallest, p.Height*size/long)
}

// servePicture draws /pictures/{unique_id}/{size}.jpg. Pictures need no token
// and count against no limit; those of deleted activities are gone.
func (s *Server) servePicture(q *request) reply {
	if p, ok := answerOf(q.faults); ok {
		return p
	}
	id, file, _ := strings.Cut(strings.TrimPrefix(q.path, "/pictures/"), "/")
	name, isJPEG := strings.CutSuffix(file, ".jpg")
	jpeg := reply{status: http.StatusOK, contentType: "image/jpeg", header: http.Header{"Cache-Control": {"public, max-age=86400"}}}
	if id == "placeholder" && isJPEG {
		jpeg.body = s.pictures.get(picture{id: name, w: 64, h: 48})
		return jpeg
	}
	p, ok := s.photo(id)
	if ok && p.Video && file == "film.m3u8" {
		const empty = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-ENDLIST\n"
		return reply{status: http.StatusOK, contentType: "application/vnd.apple.mpegurl", body: []byte(empty)}
	}
	size, err := strconv.Atoi(name)
	if !ok || !isJPEG || err != nil || size < 1 {
		return reply{status: http.StatusNotFound, contentType: "text/plain; charset=utf-8", body: []byte("no such picture\n")}
	}
	if most := s.cfg.PicturePX; most > 0 {
		size = min(size, most)
	}
	w, h := fit(p, size)
	jpeg.body = s.pictures.get(picture{id, p.Seed, w, h})
	return jpeg
}

// photo finds a photo by its id. It looks through all activities, which
// costs far less than drawing.
func (s *Server) photo(uniqueID string) (season.Photo, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.activities {
		for _, p := range a.Photos {
			if p.UniqueID == uniqueID {
				return p, true
			}
		}
	}
	return season.Photo{}, false
}

// picture is one drawing at one size.
type picture struct {
	id   string
	seed uint64
	w, h int
}

// pictureCache keeps the drawings asked for last, up to pictureBytes.
type pictureCache struct {
	mu     sync.Mutex
	drawn  map[picture][]byte
	recent []picture // oldest first
	bytes  int
}

const pictureBytes = 32 << 20

func (c *pictureCache) get(p picture) []byte {
	c.mu.Lock()
	b := c.drawn[p]
	c.mu.Unlock()
	if b != nil {
		return b
	}
	b = season.JPEG(p.seed, p.w, p.h) // outside the lock: others need not wait for it
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.drawn == nil {
		c.drawn = map[picture][]byte{}
	}
	if c.drawn[p] == nil {
		c.drawn[p] = b
		c.recent = append(c.recent, p)
		c.bytes += len(b)
	}
	for c.bytes > pictureBytes && len(c.recent) > 1 {
		c.bytes -= len(c.drawn[c.recent[0]])
		delete(c.drawn, c.recent[0])
		c.recent = slices.Delete(c.recent, 0, 1)
	}
	return b
}
