package web

import (
	"bytes"
	"math"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"musette"
	"musette/store"
)

// A stravaTotal is Strava's ActivityTotal.
type stravaTotal struct {
	Count         int     `json:"count"`
	Distance      float64 `json:"distance"`       // m
	MovingTime    int     `json:"moving_time"`    // s
	ElapsedTime   int     `json:"elapsed_time"`   // s
	ElevationGain float64 `json:"elevation_gain"` // m
	Achievements  *int    `json:"achievement_count,omitempty"`
}

// stravaStats is Strava's ActivityStats.
type stravaStats struct {
	BiggestRide  float64     `json:"biggest_ride_distance"`
	BiggestClimb float64     `json:"biggest_climb_elevation_gain"`
	RecentRide   stravaTotal `json:"recent_ride_totals"`
	AllRide      stravaTotal `json:"all_ride_totals"`
	RecentRun    stravaTotal `json:"recent_run_totals"`
	AllRun       stravaTotal `json:"all_run_totals"`
	RecentSwim   stravaTotal `json:"recent_swim_totals"`
	AllSwim      stravaTotal `json:"all_swim_totals"`
	YearRide     stravaTotal `json:"ytd_ride_totals"`
	YearRun      stravaTotal `json:"ytd_run_totals"`
	YearSwim     stravaTotal `json:"ytd_swim_totals"`
}

// recentDays is how far back Strava's recent totals go.
const recentDays = 28

// stats answers /athletes/{id}/stats, from the activities that everyone may see, as Strava says it does.
func (q *stravaRequest) stats() ([]byte, error) {
	id, err := q.idIn("Athlete")
	if err != nil {
		return nil, err
	}
	if id != q.athleteID {
		return nil, stravaNotFound("Athlete")
	}
	today := q.server.config.Now().UTC().Truncate(24 * time.Hour)
	return q.computed("stats "+today.Format(time.DateOnly), func() ([]byte, error) {
		s, err := q.sumUp(q.server.config.Now().UTC())
		if err != nil {
			return nil, err
		}
		return json.Marshal(s)
	})
}

func (q *stravaRequest) sumUp(now time.Time) (*stravaStats, error) {
	s := &stravaStats{}
	for _, t := range []*stravaTotal{&s.RecentRide, &s.RecentRun, &s.RecentSwim} {
		t.Achievements = new(int)
	}
	recent, year := now.AddDate(0, 0, -recentDays), time.Date(now.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
	achieved := map[int64]*int{}
	var recentIDs []int64
	for a, err := range q.tx.Activities(q.ctx, q.athleteID) {
		if err != nil && !damaged(err) {
			return nil, err
		}
		if err != nil || a.Status != store.StatusLive || a.Visibility != "everyone" {
			continue
		}
		var of [3]*stravaTotal
		switch a.Type {
		case "Ride":
			of = [3]*stravaTotal{&s.AllRide, &s.YearRide, &s.RecentRide}
			s.BiggestRide, s.BiggestClimb = max(s.BiggestRide, a.DistanceM), max(s.BiggestClimb, float64(a.ClimbM))
		case "Run":
			of = [3]*stravaTotal{&s.AllRun, &s.YearRun, &s.RecentRun}
		case "Swim":
			of = [3]*stravaTotal{&s.AllSwim, &s.YearSwim, &s.RecentSwim}
		default:
			continue
		}
		of[0].add(a)
		if !a.Start.Before(year) {
			of[1].add(a)
		}
		if !a.Start.Before(recent) {
			of[2].add(a)
			achieved[a.ID] = of[2].Achievements
			recentIDs = append(recentIDs, a.ID)
		}
	}
	docs, err := q.tx.PartDocuments(q.ctx, q.athleteID, recentIDs, musette.PartSummary, musette.PartDetail)
	if err != nil && !damaged(err) {
		return nil, err
	}
	for id, sum := range achieved {
		list, _ := members(listItem(docs[id]))
		var n float64
		if json.Unmarshal(valueIn(list, "achievement_count"), &n) == nil {
			*sum += int(n)
		}
	}
	return s, nil
}

func (t *stravaTotal) add(a store.Activity) {
	t.Count++
	t.Distance = math.Round((t.Distance+a.DistanceM)*10) / 10
	t.MovingTime += a.MovingS
	t.ElapsedTime += a.ElapsedS
	t.ElevationGain += float64(a.ClimbM)
}

// gear answers /gear/{id} with what the newest detail of an activity with that gear says of it; else with what the
// athlete's own document says.
func (q *stravaRequest) gear() ([]byte, error) {
	id := q.PathValue("id")
	return q.computed("gear "+id, func() ([]byte, error) {
		found, err := q.gearInDetails(id)
		if err != nil || found != nil {
			return found, err
		}
		docs, err := q.tx.Documents(q.ctx, q.athleteID, 0)
		if err != nil && !damaged(err) {
			return nil, err
		}
		if d := part(docs, musette.PartAthlete); d != nil {
			list, _ := members(d.Body)
			for _, name := range []string{"bikes", "shoes"} {
				items, _ := elements(valueIn(list, name))
				for _, item := range items {
					if g, ok := members(item); ok && textIn(g, "id") == id {
						return item, nil
					}
				}
			}
		}
		return nil, stravaNotFound("Gear")
	})
}

// gearInDetails looks through the summaries, newest first, for one that names the gear and whose detail is here.
func (q *stravaRequest) gearInDetails(id string) ([]byte, error) {
	const atOnce = 200
	quoted := []byte(`"` + id + `"`)
	for offset := 0; ; offset += atOnce {
		ids, err := q.tx.ListActivities(q.ctx, store.ActivityList{AthleteID: q.athleteID, Offset: offset, Limit: atOnce})
		if err != nil || len(ids) == 0 {
			return nil, err
		}
		summaries, err := q.tx.PartDocuments(q.ctx, q.athleteID, ids, musette.PartSummary)
		if err != nil && !damaged(err) {
			return nil, err
		}
		for _, activity := range ids {
			if docs := summaries[activity]; len(docs) > 0 && !bytes.Contains(docs[0].Body, quoted) {
				continue
			}
			details, err := q.tx.PartDocuments(q.ctx, q.athleteID, []int64{activity}, musette.PartDetail)
			if err != nil && !damaged(err) {
				return nil, err
			}
			for _, d := range details[activity] {
				list, _ := members(d.Body)
				gear := valueIn(list, "gear")
				if g, ok := members(gear); ok && textIn(g, "id") == id {
					return gear, nil
				}
			}
		}
	}
}

// computed returns what make makes, or made before from a store in the same state. What isn't there is remembered, too:
// to look for it is the dearest.
func (q *stravaRequest) computed(what string, make func() ([]byte, error)) ([]byte, error) {
	at, err := q.tx.Position(q.ctx)
	if err != nil {
		return nil, err
	}
	of := computedOf{q.athleteID, what}
	if made, ok := q.server.computed.get(of, at); ok {
		return made.body, made.orProblem()
	}
	body, err := make()
	made := computedBody{at: at, body: body}
	if p, ok := err.(*problem); ok {
		made.problem = p
	} else if err != nil {
		return nil, err
	}
	q.server.computed.put(of, made)
	return made.body, made.orProblem()
}

// latest remembers what was computed, each from one state of the store.
type latest struct {
	mu   sync.Mutex
	made map[computedOf]computedBody
}

type computedOf struct {
	athleteID int64
	what      string
}

type computedBody struct {
	at      store.Position
	body    []byte
	problem *problem // in place of the body
}

func (c computedBody) orProblem() error {
	if c.problem != nil {
		return c.problem
	}
	return nil
}

const maxComputed = 1000

func newLatest() *latest { return &latest{made: map[computedOf]computedBody{}} }

func (l *latest) get(of computedOf, at store.Position) (computedBody, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	made, ok := l.made[of]
	return made, ok && made.at == at
}

func (l *latest) put(of computedOf, made computedBody) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.made) >= maxComputed {
		clear(l.made)
	}
	l.made[of] = made
}
