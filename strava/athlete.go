package strava

import (
	"context"
	"slices"
	"strconv"
	"time"
)

// An Athlete is a person on Strava. Without the scope profile:read_all the
// answer is a summary, and Bikes and Shoes are empty.
//
// See https://developers.strava.com/docs/reference/#api-models-DetailedAthlete.
type Athlete struct {
	ID                    int64
	ResourceState         int // 2 summary, 3 detailed
	Username              string
	First, Last           string
	City, State, Country  string
	ProfileURL            string // of a picture
	MeasurementPreference string // feet or meters
	CreatedAt, UpdatedAt  time.Time
	Bikes, Shoes          []Gear
	Raw                   []byte // as it came, byte for byte
}

// Athlete returns the athlete whose token it is.
//
// GET /athlete:
// https://developers.strava.com/docs/reference/#api-Athletes-getLoggedInAthlete
func (c *Client) Athlete(ctx context.Context, token Secret) (*Athlete, *Answer, error) {
	return fetch(ctx, c, c.get(token, "athlete", nil), decodeAthlete)
}

func decodeAthlete(body []byte) (*Athlete, error) {
	var w struct {
		ID            id         `json:"id"`
		ResourceState number     `json:"resource_state"`
		Username      label      `json:"username"`
		First         label      `json:"firstname"`
		Last          label      `json:"lastname"`
		City          label      `json:"city"`
		State         label      `json:"state"`
		Country       label      `json:"country"`
		ProfileURL    label      `json:"profile"`
		Measurement   label      `json:"measurement_preference"`
		CreatedAt     instant    `json:"created_at"`
		UpdatedAt     instant    `json:"updated_at"`
		Bikes         []wireGear `json:"bikes"`
		Shoes         []wireGear `json:"shoes"`
	}
	if err := decodeObject(body, &w); err != nil {
		return nil, err
	}
	if w.ID == 0 {
		return nil, mismatchError("the athlete has no sound id")
	}
	a := &Athlete{
		ID: int64(w.ID), ResourceState: w.ResourceState.whole(), Username: string(w.Username),
		First: string(w.First), Last: string(w.Last),
		City: string(w.City), State: string(w.State), Country: string(w.Country),
		ProfileURL: string(w.ProfileURL), MeasurementPreference: string(w.Measurement),
		CreatedAt: w.CreatedAt.Time, UpdatedAt: w.UpdatedAt.Time, Raw: slices.Clone(body),
	}
	for i := range w.Bikes {
		a.Bikes = append(a.Bikes, w.Bikes[i].gear(nil))
	}
	for i := range w.Shoes {
		a.Shoes = append(a.Shoes, w.Shoes[i].gear(nil))
	}
	return a, nil
}

// Totals add up activities of one sport.
type Totals struct {
	Count                                int
	DistanceM, MovingS, ElapsedS, ClimbM *float64
}

// Stats are an athlete's totals. They count only activities that are visible
// to everyone.
//
// See https://developers.strava.com/docs/reference/#api-models-ActivityStats.
type Stats struct {
	RecentRide, RecentRun, RecentSwim Totals // the last four weeks
	YearRide, YearRun, YearSwim       Totals // this calendar year
	AllRide, AllRun, AllSwim          Totals
	BiggestRideM, BiggestClimbM       *float64
	Raw                               []byte // as it came, byte for byte
}

// Stats returns the totals of the athlete whose token it is. An answer
// without the totals of all rides is KindMismatch.
//
// GET /athletes/{id}/stats:
// https://developers.strava.com/docs/reference/#api-Athletes-getStats
func (c *Client) Stats(ctx context.Context, token Secret, athleteID int64) (*Stats, *Answer, error) {
	return fetch(ctx, c, c.get(token, "athletes/"+strconv.FormatInt(athleteID, 10)+"/stats", nil), decodeStats)
}

type wireTotals struct {
	Count     number `json:"count"`
	DistanceM number `json:"distance"`
	MovingS   number `json:"moving_time"` // 474287.0 has been recorded
	ElapsedS  number `json:"elapsed_time"`
	ClimbM    number `json:"elevation_gain"`
}

func (w wireTotals) totals() Totals {
	return Totals{
		Count: w.Count.whole(), DistanceM: w.DistanceM.pointer(), MovingS: w.MovingS.pointer(),
		ElapsedS: w.ElapsedS.pointer(), ClimbM: w.ClimbM.pointer(),
	}
}

func decodeStats(body []byte) (*Stats, error) {
	var w struct {
		RecentRide    wireTotals  `json:"recent_ride_totals"`
		RecentRun     wireTotals  `json:"recent_run_totals"`
		RecentSwim    wireTotals  `json:"recent_swim_totals"`
		YearRide      wireTotals  `json:"ytd_ride_totals"`
		YearRun       wireTotals  `json:"ytd_run_totals"`
		YearSwim      wireTotals  `json:"ytd_swim_totals"`
		AllRide       *wireTotals `json:"all_ride_totals"`
		AllRun        wireTotals  `json:"all_run_totals"`
		AllSwim       wireTotals  `json:"all_swim_totals"`
		BiggestRideM  number      `json:"biggest_ride_distance"`
		BiggestClimbM number      `json:"biggest_climb_elevation_gain"`
	}
	if err := decodeObject(body, &w); err != nil {
		return nil, err
	}
	if w.AllRide == nil {
		return nil, mismatchError("there are no totals in it")
	}
	return &Stats{
		RecentRide: w.RecentRide.totals(), RecentRun: w.RecentRun.totals(), RecentSwim: w.RecentSwim.totals(),
		YearRide: w.YearRide.totals(), YearRun: w.YearRun.totals(), YearSwim: w.YearSwim.totals(),
		AllRide: w.AllRide.totals(), AllRun: w.AllRun.totals(), AllSwim: w.AllSwim.totals(),
		BiggestRideM: w.BiggestRideM.pointer(), BiggestClimbM: w.BiggestClimbM.pointer(),
		Raw: slices.Clone(body),
	}, nil
}
