package season

import (
	"fmt"
	"math"
	"time"
)

// sizes are what phones and cameras leave after Strava's scaling.
var sizes = [...][2]int{{2048, 1536}, {1536, 2048}, {1536, 1152}, {1440, 1080}, {1080, 1440}, {1536, 1024}}

// photos adds pictures taken on the way.
func (t *telling) photos() {
	likely := map[bool]float64{true: 0.47, false: 0.08}[t.s.kind.hasMap()]
	switch t.s.kind {
	case commuteIn, commuteOut:
		likely = 0.07
	case hiking, bigRide, granFondo, wing:
		likely = 0.8
	case parkrun, tempoRun:
		likely = 0.2
	}
	n := 0
	if chance(t.r, likely) {
		n = 1 + min(t.r.IntN(4), t.r.IntN(4))
	}
	if t.s.twist == video {
		n = max(n, 2)
	}
	if n == 0 {
		return
	}
	pts := t.a.Points()
	uploaded := t.a.Uploaded.Add(time.Duration(20+t.r.IntN(200)) * time.Second)
	for i := range n {
		share := (float64(i) + t.r.Float64()) / float64(n)
		p := Photo{
			UniqueID: uniqueID(t.r.Uint64(), t.r.Uint64()),
			Caption:  t.fill.Replace(pick(t.r, captions)),
			TakenAt:  t.a.Start.Add(time.Duration(share*t.a.Elapsed.Seconds()) * time.Second),
		}
		size := pick(t.r, sizes[:])
		if t.s.twist == video && i == n-1 || i > 0 && t.r.IntN(45) == 0 {
			p.Video, p.Duration = true, time.Duration(3+t.r.IntN(25))*time.Second
			p.Caption = t.fill.Replace(pick(t.r, videoCaptions))
			size = [2]int{1080, 1920}
		}
		p.Width, p.Height = size[0], size[1]
		if len(pts) > 0 && t.r.IntN(6) > 0 {
			at := pts[int(share*float64(len(pts)-1))]
			p.Lat, p.Lng, p.HasLocation = at.Lat, at.Lng, true
			p.TakenAt = t.a.Start.Add(at.T)
		}
		p.UploadedAt = uploaded.Add(time.Duration(3*i) * time.Second)
		month := int(t.wall.Month())
		if t.s.where.south {
			month += 6
		}
		p.Seed = PhotoSeed(t.r.Uint64(), month, t.s.where.zone.local(p.TakenAt).Hour())
		t.a.Photos = append(t.a.Photos, p)
	}
}

func uniqueID(a, b uint64) string {
	return fmt.Sprintf("%08X-%04X-4%03X-%04X-%012X", a>>32, a>>16&0xffff, a&0xfff, b>>48&0x3fff|0x8000, b&0xffffffffffff)
}

// friends gives kudos and comments.
func (t *telling) friends() {
	if t.a.Visibility == "only_me" || t.live {
		return
	}
	age := t.maker.until.Sub(t.a.Uploaded).Hours()
	seen := age / (age + 4) // how many have looked at it by now
	liked := between(t.r, 3, 17)
	switch {
	case t.a.Race:
		liked = between(t.r, 30, 60)
	case t.s.kind == parkrun, t.s.kind == bigRide, t.s.kind == steadyLong, t.s.kind == hiking:
		liked = between(t.r, 9, 30)
	case t.a.Commute, t.s.kind == walking, t.s.kind == gym, t.s.kind == yoga:
		liked = between(t.r, 0, 5)
	}
	liked += float64(3 * len(t.a.Photos))
	n := min(int(liked*seen), 60)
	order := t.r.Perm(len(t.people))
	for _, i := range order[:n] {
		t.a.Kudos = append(t.a.Kudos, t.people[i])
	}
	likely := map[bool]float64{true: 0.22, false: 0.54}[t.a.Commute || t.s.kind == walking || !t.s.kind.hasMap()]
	if t.a.Race || len(t.a.Photos) > 2 {
		likely = 0.85
	}
	if chance(t.r, likely) {
		t.remarks(1 + min(t.r.IntN(6), t.r.IntN(6)))
	}
}

// remarks adds up to n comments, those that were made before the season ends.
func (t *telling) remarks(n int) {
	at := t.a.Uploaded.Add(time.Duration(90+t.r.IntN(7200)) * time.Second)
	fitting := t.fitting()
	used := map[string]bool{}
	for k := range n {
		if at.After(t.maker.until) {
			return
		}
		c := Comment{By: t.people[min(t.r.IntN(40), t.r.IntN(40))], At: at}
		c.Text = pick(t.r, pick(t.r, fitting))
		me := Person{t.maker.athlete.FirstName, t.maker.athlete.LastName[:1] + "."}
		if k > 0 && t.r.IntN(4) == 0 && t.a.Comments[k-1].By != me {
			c.By, c.Text = me, t.answer(t.a.Comments[k-1].By)
		}
		for used[c.Text] {
			c.Text = pick(t.r, remarks.any)
		}
		used[c.Text] = true
		t.comments += 1 + t.r.Int64N(900)
		c.ID = 2_400_000_000 + t.comments
		c.Reactions = int(math.Floor(5 * t.r.Float64() * t.r.Float64() * t.r.Float64()))
		t.a.Comments = append(t.a.Comments, c)
		at = at.Add(time.Duration(60+t.r.IntN(3600*(2+8*k))) * time.Second)
	}
}

// fitting are lists of comments that suit the activity.
func (t *telling) fitting() [][]string {
	lists := [][]string{remarks.any, remarks.any}
	add := func(when bool, list []string) {
		if when {
			lists = append(lists, list)
		}
	}
	k := t.s.kind
	add(k.isRun(), remarks.run)
	add(k.isRide() && !t.a.Commute, remarks.ride)
	add(t.a.Race, remarks.race)
	add(t.a.Race, remarks.race)
	add(t.a.Race, remarks.race)
	add(len(t.a.Photos) > 0, remarks.photo)
	add(t.a.ClimbM > 16*t.a.Distance/1000 && t.a.ClimbM > 200, remarks.climb)
	add(k == openWater, remarks.swim)
	add(k == indoorRide, remarks.indoor)
	add(k == walking, remarks.slow)
	add(k.isRun() && t.runM > 0 && t.r.IntN(3) == 0, remarks.campaign)
	add(t.wall.Hour() < 7 && t.wall.Hour() > 3, remarks.early)
	return lists
}

// answer is what the athlete says to a remark.
func (t *telling) answer(to Person) string {
	if t.r.IntN(3) == 0 {
		return "Thanks " + to.First
	}
	return t.fill.Replace(pick(t.r, answers))
}
