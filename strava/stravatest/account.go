package stravatest

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"musette/strava/stravatest/season"
)

// summaryAthlete has the members of the athlete in recorded answers.
type summaryAthlete struct {
	ID            int64   `json:"id"`
	Username      *string `json:"username"`
	ResourceState int     `json:"resource_state"`
	FirstName     string  `json:"firstname"`
	LastName      string  `json:"lastname"`
	Bio           *string `json:"bio"`
	City          string  `json:"city"`
	State         string  `json:"state"`
	Country       string  `json:"country"`
	Sex           *string `json:"sex"`
	Premium       bool    `json:"premium"`
	Summit        bool    `json:"summit"`
	CreatedAt     string  `json:"created_at"`
	UpdatedAt     string  `json:"updated_at"`
	BadgeType     int     `json:"badge_type_id"`
	Weight        decimal `json:"weight"`
	ProfileMedium string  `json:"profile_medium"`
	Profile       string  `json:"profile"`
	Friend        *string `json:"friend"`
	Follower      *string `json:"follower"`
}

// detailedAthlete is what profile:read_all adds.
type detailedAthlete struct {
	summaryAthlete
	Blocked               bool          `json:"blocked"`
	CanFollow             bool          `json:"can_follow"`
	Followers             int           `json:"follower_count"`
	Friends               int           `json:"friend_count"`
	MutualFriends         int           `json:"mutual_friend_count"`
	AthleteType           int           `json:"athlete_type"`
	DatePreference        string        `json:"date_preference"`
	MeasurementPreference string        `json:"measurement_preference"`
	Clubs                 []struct{}    `json:"clubs"`
	PostableClubs         int           `json:"postable_clubs_count"`
	FTP                   *int          `json:"ftp"`
	Bikes                 []summaryGear `json:"bikes"`
	Shoes                 []summaryGear `json:"shoes"`
}

func summaryAthleteOf(a season.Athlete, resourceState int) summaryAthlete {
	badge := 0
	if a.Premium {
		badge = 1
	}
	return summaryAthlete{
		ID: a.ID, Username: orNull(a.Username), ResourceState: resourceState, FirstName: a.FirstName, LastName: a.LastName,
		Bio: orNull(a.Bio), City: a.City, State: a.State, Country: a.Country, Sex: orNull(a.Sex),
		Premium: a.Premium, Summit: a.Premium, CreatedAt: stamp(a.CreatedAt), UpdatedAt: stamp(a.CreatedAt), BadgeType: badge,
		Weight:        decimal(rounded(a.WeightKG, 1)),
		ProfileMedium: "avatar/athlete/medium.png", Profile: "avatar/athlete/large.png", // as for people without a picture
	}
}

// getAthlete answers GET /athlete: all of it with profile:read_all only.
func (s *Server) getAthlete(q *request) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	who := s.athlete(q.who.athleteID)
	p := who.season.Athlete
	if !q.who.has("profile:read_all") {
		return okJSON(summaryAthleteOf(p, 2))
	}
	w := detailedAthlete{
		summaryAthlete: summaryAthleteOf(p, 3), CanFollow: true, Followers: p.Followers, Friends: p.Friends,
		DatePreference: "%m/%d/%Y", MeasurementPreference: "meters",
		Clubs: []struct{}{}, Bikes: []summaryGear{}, Shoes: []summaryGear{},
	}
	if p.FTP > 0 {
		w.FTP = &p.FTP
	}
	for _, g := range who.season.Gear {
		short := summaryGearOf(g, who.gearDistance(g.ID), 2)
		if g.Bike {
			w.Bikes = append(w.Bikes, short)
		} else {
			w.Shoes = append(w.Shoes, short)
		}
	}
	return okJSON(w)
}

// summaryGear is gear as activities and athletes hold it.
type summaryGear struct {
	ID                string  `json:"id"`
	Primary           bool    `json:"primary"`
	Name              string  `json:"name"`
	Nickname          string  `json:"nickname"`
	ResourceState     int     `json:"resource_state"`
	Retired           bool    `json:"retired"`
	Distance          int64   `json:"distance"`           // m
	ConvertedDistance decimal `json:"converted_distance"` // km: the athlete's unit
}

// detailedBike and detailedShoes are what GET /gear/{id} adds.
type detailedBike struct {
	summaryGear
	Brand       string  `json:"brand_name"`
	Model       string  `json:"model_name"`
	FrameType   int     `json:"frame_type"`
	Description *string `json:"description"`
	Weight      decimal `json:"weight"`
}

type detailedShoes struct {
	summaryGear
	Brand        string  `json:"brand_name"`
	Model        string  `json:"model_name"`
	Description  *string `json:"description"`
	Notification int     `json:"notification_distance"`
}

func summaryGearOf(g season.Gear, distance float64, resourceState int) summaryGear {
	return summaryGear{
		g.ID, g.Primary, g.Name, g.Nickname, resourceState, g.Retired, metres(distance), decimal(rounded(distance/1000, 1)),
	}
}

// gearDistance is how far the gear went, by the activities that name it.
// Server.mu is held.
func (a *athlete) gearDistance(id string) (distanceM float64) {
	for _, act := range a.activities {
		if act.GearID == id {
			distanceM += act.Distance
		}
	}
	return distanceM
}

// gear returns the athlete's gear of this id, with its distance.
func (s *Server) gear(athleteID int64, id string) (g season.Gear, distanceM float64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	who := s.athlete(athleteID)
	i := slices.IndexFunc(who.season.Gear, func(g season.Gear) bool { return g.ID == id })
	if i < 0 {
		return season.Gear{}, 0, false
	}
	return who.season.Gear[i], who.gearDistance(id), true
}

// getGear answers GET /gear/{id}; other people's gear is not found.
func (s *Server) getGear(q *request) reply {
	g, distance, ok := s.gear(q.who.athleteID, q.id)
	if !ok {
		return notFound("Gear")
	}
	short := summaryGearOf(g, distance, 3)
	if g.Bike {
		return okJSON(detailedBike{short, g.Brand, g.Model, g.FrameType, orNull(g.Description), decimal(g.WeightKG)})
	}
	return okJSON(detailedShoes{short, g.Brand, g.Model, orNull(g.Description), 0})
}

// totals are the figures of one sport in one span.
type totals struct {
	Count       int  `json:"count"`
	Distance    any  `json:"distance"`
	MovingTime  any  `json:"moving_time"`
	ElapsedTime any  `json:"elapsed_time"`
	Climb       any  `json:"elevation_gain"`
	Achieved    *int `json:"achievement_count,omitempty"`
}

type stats struct {
	BiggestRide  *decimal `json:"biggest_ride_distance"`
	BiggestClimb *decimal `json:"biggest_climb_elevation_gain"`
	RecentRide   totals   `json:"recent_ride_totals"`
	AllRide      totals   `json:"all_ride_totals"`
	RecentRun    totals   `json:"recent_run_totals"`
	AllRun       totals   `json:"all_run_totals"`
	RecentSwim   totals   `json:"recent_swim_totals"`
	AllSwim      totals   `json:"all_swim_totals"`
	YearRide     totals   `json:"ytd_ride_totals"`
	YearRun      totals   `json:"ytd_run_totals"`
	YearSwim     totals   `json:"ytd_swim_totals"`
}

// getStats answers GET /athletes/{id}/stats from the activities that
// everyone may see. As in recordings, the times of the year are floats and
// its distance is whole, the others the other way round.
func (s *Server) getStats(q *request) reply {
	if id, err := strconv.ParseInt(q.id, 10, 64); err != nil || id != q.who.athleteID {
		return failure(http.StatusForbidden, "Forbidden", "Athlete", "id", "invalid") // a guess
	}
	var list []*activity
	s.mu.Lock()
	for _, a := range s.athlete(q.who.athleteID).activities {
		if a.Visibility == Everyone {
			list = append(list, a)
		}
	}
	s.mu.Unlock()
	recent := q.now.Add(-28 * 24 * time.Hour)
	year := time.Date(q.now.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
	var w stats
	for _, row := range []struct {
		kind              string
		recent, year, all *totals
	}{
		{"Ride", &w.RecentRide, &w.YearRide, &w.AllRide},
		{"Run", &w.RecentRun, &w.YearRun, &w.AllRun},
		{"Swim", &w.RecentSwim, &w.YearSwim, &w.AllSwim},
	} {
		*row.recent = sum(list, row.kind, recent, false)
		row.recent.Achieved = new(int)
		*row.year = sum(list, row.kind, year, true)
		*row.all = sum(list, row.kind, time.Time{}, false)
	}
	var ride, climb float64
	for _, a := range list {
		if a.Type == "Ride" {
			ride, climb = max(ride, a.Distance), max(climb, a.ClimbM)
		}
	}
	w.BiggestRide, w.BiggestClimb = optional(&ride, 1), optional(&climb, 1)
	return okJSON(w)
}

// sum adds up the activities of a type since a time.
func sum(list []*activity, kind string, since time.Time, floatTimes bool) totals {
	var t totals
	var distance, climb float64
	var moving, elapsed int
	for _, a := range list {
		if a.Type != kind || a.Start.Before(since) {
			continue
		}
		t.Count++
		distance += a.Distance
		climb += a.ClimbM
		moving += seconds(a.Moving)
		elapsed += seconds(a.Elapsed)
	}
	t.Climb = bareZero(rounded(climb, 1))
	if floatTimes {
		t.Distance, t.MovingTime, t.ElapsedTime = metres(distance), bareZero(moving), bareZero(elapsed)
	} else {
		t.Distance, t.MovingTime, t.ElapsedTime = bareZero(rounded(distance, 1)), moving, elapsed
	}
	return t
}
