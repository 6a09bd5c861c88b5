package stravatest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"

	"musette/strava/stravatest/season"
)

// detailedActivity adds to a summary what recorded details hold after it.
type detailedActivity struct {
	summaryActivity
	Description     *string           `json:"description"`
	Calories        decimal           `json:"calories"`
	Exertion        *decimal          `json:"perceived_exertion"`
	PreferExertion  *bool             `json:"prefer_perceived_exertion"`
	SegmentEfforts  []struct{}        `json:"segment_efforts"`
	SplitsMetric    []split           `json:"splits_metric,omitempty"`
	SplitsStandard  []split           `json:"splits_standard,omitempty"`
	Laps            []lap             `json:"laps,omitempty"`
	BestEfforts     *[]struct{}       `json:"best_efforts,omitempty"`
	Gear            *summaryGear      `json:"gear,omitempty"`
	PhotosSummary   photosSummary     `json:"photos"`
	StatsVisibility []statsVisibility `json:"stats_visibility"`
	HideFromHome    bool              `json:"hide_from_home"`
	EmbedToken      string            `json:"embed_token"`
	AvailableZones  []string          `json:"available_zones"`
}

type detailedMap struct {
	ID              string `json:"id"`
	Polyline        string `json:"polyline"`
	ResourceState   int    `json:"resource_state"`
	SummaryPolyline string `json:"summary_polyline"`
}

type statsVisibility struct {
	Type       string `json:"type"`
	Visibility string `json:"visibility"`
}

type photosSummary struct {
	Primary *primaryPhoto `json:"primary"`
	Use     *bool         `json:"use_primary_photo,omitempty"`
	Count   int           `json:"count"`
}

type primaryPhoto struct {
	UniqueID  string      `json:"unique_id"`
	URLs      primaryURLs `json:"urls"`
	Source    int         `json:"source"`
	MediaType int         `json:"media_type"`
}

type primaryURLs struct {
	Large string `json:"600"`
	Small string `json:"100"`
}

type split struct {
	Distance      decimal  `json:"distance"`
	ElapsedTime   int      `json:"elapsed_time"`
	Elevation     decimal  `json:"elevation_difference"`
	MovingTime    int      `json:"moving_time"`
	Split         int      `json:"split"`
	AverageSpeed  decimal  `json:"average_speed"`
	AdjustedSpeed *decimal `json:"average_grade_adjusted_speed"`
	AverageHR     *decimal `json:"average_heartrate,omitempty"`
	PaceZone      int      `json:"pace_zone"`
}

type lap struct {
	ID             int64        `json:"id"`
	ResourceState  int          `json:"resource_state"`
	Name           string       `json:"name"`
	Activity       metaActivity `json:"activity"`
	Athlete        meta         `json:"athlete"`
	ElapsedTime    int          `json:"elapsed_time"`
	MovingTime     int          `json:"moving_time"`
	StartDate      string       `json:"start_date"`
	StartDateLocal string       `json:"start_date_local"`
	Distance       decimal      `json:"distance"`
	AverageSpeed   decimal      `json:"average_speed"`
	MaxSpeed       bareZero     `json:"max_speed"`
	LapIndex       int          `json:"lap_index"`
	Split          int          `json:"split"`
	StartIndex     int          `json:"start_index"`
	EndIndex       int          `json:"end_index"`
	Climb          bareZero     `json:"total_elevation_gain"`
	AverageCadence *decimal     `json:"average_cadence,omitempty"`
	DeviceWatts    bool         `json:"device_watts,omitempty"`
	AverageWatts   *decimal     `json:"average_watts,omitempty"`
	AverageHR      *decimal     `json:"average_heartrate,omitempty"`
	MaxHR          *decimal     `json:"max_heartrate,omitempty"`
}

func mapID(a *activity) string { return "a" + strconv.FormatInt(a.ID, 10) }

// getActivity answers GET /activities/{id}.
func (s *Server) getActivity(q *request, a *activity) reply {
	d := s.details.get(a)
	noLine := q.faults.has(FaultEmptyPolyline)
	w := detailedActivity{
		summaryActivity: summaryOf(a, noLine),
		Description:     a.Description,
		SegmentEfforts:  []struct{}{},
		SplitsMetric:    splitsOf(d.km),
		SplitsStandard:  splitsOf(d.miles),
		Laps:            lapsOf(a, d.laps),
		PhotosSummary:   s.photosOf(q, a),
		EmbedToken:      embedToken(a.ID),
		AvailableZones:  []string{},
	}
	w.ResourceState = 3
	w.Map = detailedMap{mapID(a), d.line, 3, a.outlined().line}
	if noLine {
		w.Map = detailedMap{mapID(a), "", 3, ""}
	}
	if a.Calories != nil {
		w.Calories = decimal(rounded(*a.Calories, 1))
	}
	if !a.Manual {
		w.PreferExertion = new(bool)
	}
	if a.Race {
		w.Exertion = nonzero(9, 0)
	}
	if a.Manual || a.Type == "Run" {
		w.BestEfforts = &[]struct{}{}
	}
	for _, kind := range []string{"heart_rate", "pace", "power", "speed", "calories"} {
		w.StatsVisibility = append(w.StatsVisibility, statsVisibility{kind, Everyone})
	}
	if a.HeartrateAvg != nil {
		w.AvailableZones = append(w.AvailableZones, "heartrate")
	}
	if a.WattsAvg != nil {
		w.AvailableZones = append(w.AvailableZones, "power")
	}
	if g, metres, ok := s.gear(a.athleteID, a.GearID); ok {
		short := summaryGearOf(g, metres, 2)
		w.Gear = &short
	}
	return okJSON(w)
}

// photosOf says how many photos there are, and shows the first.
func (s *Server) photosOf(q *request, a *activity) photosSummary {
	if len(a.Photos) == 0 {
		return photosSummary{}
	}
	p, use := a.Photos[0], true
	return photosSummary{&primaryPhoto{
		UniqueID:  p.UniqueID,
		URLs:      primaryURLs{s.pictureURL(q, p, 600), s.pictureURL(q, p, 100)},
		Source:    1,
		MediaType: mediaType(p),
	}, &use, len(a.Photos)}
}

// embedToken is any 40 hex digits that stay the same.
func embedToken(id int64) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "embed %d", id))
	return hex.EncodeToString(sum[:20])
}

func splitsOf(list []season.Lap) []split {
	var out []split
	for _, l := range list {
		out = append(out, split{
			Distance: decimal(rounded(l.Distance, 1)), ElapsedTime: seconds(l.Elapsed),
			Elevation: decimal(rounded(l.ElevationDifference, 1)), MovingTime: seconds(l.Moving), Split: l.Index,
			AverageSpeed: speed(l), AverageHR: nonzero(l.HeartrateAvg, 1),
		})
	}
	return out
}

func speed(l season.Lap) decimal {
	if l.Moving <= 0 {
		return 0
	}
	return decimal(rounded(l.Distance/l.Moving.Seconds(), 3))
}

// lapsOf shows the laps. Where the start is hidden, theirs are too.
func lapsOf(a *activity, list []season.Lap) []lap {
	out := make([]lap, 0, len(list))
	for _, l := range list {
		start, local := l.Start, falseUTC(l.Start, a.Timezone)
		if a.HideStart {
			start, local = a.shownStart(), a.shownLocal()
		}
		out = append(out, lap{
			ID: 60_000_000_000 + a.ID%1_000_000_000*100 + int64(l.Index), ResourceState: 2,
			Name:        "Lap " + strconv.Itoa(l.Index),
			Activity:    metaActivity{a.ID, a.Visibility, 1},
			Athlete:     meta{a.athleteID, 1},
			ElapsedTime: seconds(l.Elapsed), MovingTime: seconds(l.Moving),
			StartDate: stamp(start), StartDateLocal: stamp(local),
			Distance: decimal(rounded(l.Distance, 1)), AverageSpeed: speed(l), MaxSpeed: bareZero(rounded(l.MaxSpeed, 3)),
			LapIndex: l.Index, Split: l.Index, StartIndex: l.StartIndex, EndIndex: l.EndIndex,
			Climb:          bareZero(rounded(l.ClimbM, 1)),
			AverageCadence: nonzero(l.CadenceAvg, 1),
			DeviceWatts:    l.WattsAvg != 0, AverageWatts: nonzero(l.WattsAvg, 1),
			AverageHR: nonzero(l.HeartrateAvg, 1), MaxHR: nonzero(l.HeartrateMax, 1),
		})
	}
	return out
}

// listLaps answers GET /activities/{id}/laps.
func (s *Server) listLaps(_ *request, a *activity) reply {
	return okJSON(lapsOf(a, s.details.get(a).laps))
}

// getZones answers GET /activities/{id}/zones, which is for subscribers.
func (s *Server) getZones(*request, *activity) reply {
	return jsonReply(402, faultBody{"Payment Required", []faultError{}})
}
