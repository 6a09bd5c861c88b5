package stravatest

import "math"

// summaryActivity has the members of recorded list items, in their order.
type summaryActivity struct {
	ResourceState   int      `json:"resource_state"`
	Athlete         meta     `json:"athlete"`
	Name            string   `json:"name"`
	Distance        decimal  `json:"distance"`
	MovingTime      int      `json:"moving_time"`
	ElapsedTime     int      `json:"elapsed_time"`
	Climb           bareZero `json:"total_elevation_gain"`
	Type            string   `json:"type"`
	SportType       string   `json:"sport_type"`
	WorkoutType     *int     `json:"workout_type"`
	DeviceName      string   `json:"device_name,omitempty"`
	ID              int64    `json:"id"`
	StartDate       string   `json:"start_date"`
	StartDateLocal  string   `json:"start_date_local"`
	Timezone        string   `json:"timezone"`
	UTCOffset       decimal  `json:"utc_offset"`
	LocationCity    *string  `json:"location_city"` // these three are null by now
	LocationState   *string  `json:"location_state"`
	LocationCountry *string  `json:"location_country"`
	Achievements    int      `json:"achievement_count"`
	Kudos           int      `json:"kudos_count"`
	Comments        int      `json:"comment_count"`
	Athletes        int      `json:"athlete_count"`
	InstagramPhotos int      `json:"photo_count"`
	Map             any      `json:"map"`
	Trainer         bool     `json:"trainer"`
	Commute         bool     `json:"commute"`
	Manual          bool     `json:"manual"`
	Private         bool     `json:"private"`
	Visibility      string   `json:"visibility"`
	Flagged         bool     `json:"flagged"`
	GearID          *string  `json:"gear_id"`
	StartLatLng     latLng   `json:"start_latlng"`
	EndLatLng       latLng   `json:"end_latlng"`
	AverageSpeed    decimal  `json:"average_speed"`
	MaxSpeed        bareZero `json:"max_speed"`
	HasHeartrate    bool     `json:"has_heartrate"`
	HeartrateOptOut bool     `json:"heartrate_opt_out"`
	HideHeartrate   bool     `json:"display_hide_heartrate_option"`
	ElevHigh        *decimal `json:"elev_high,omitempty"`
	ElevLow         *decimal `json:"elev_low,omitempty"`
	UploadID        *jsonNum `json:"upload_id"`
	UploadIDStr     string   `json:"upload_id_str,omitempty"`
	ExternalID      *string  `json:"external_id"`
	FromAcceptedTag bool     `json:"from_accepted_tag"`
	PRs             int      `json:"pr_count"`
	Photos          int      `json:"total_photo_count"`
	HasKudoed       bool     `json:"has_kudoed"`
	AverageCadence  *decimal `json:"average_cadence,omitempty"`
	AverageTemp     *int     `json:"average_temp,omitempty"`
	AverageWatts    *decimal `json:"average_watts,omitempty"`
	MaxWatts        int      `json:"max_watts,omitempty"`
	WeightedWatts   int      `json:"weighted_average_watts,omitempty"`
	Kilojoules      *decimal `json:"kilojoules,omitempty"`
	DeviceWatts     bool     `json:"device_watts,omitempty"`
	AverageHR       *decimal `json:"average_heartrate,omitempty"`
	MaxHR           *decimal `json:"max_heartrate,omitempty"`
	SufferScore     *decimal `json:"suffer_score,omitempty"`
}

type summaryMap struct {
	ID              string `json:"id"`
	SummaryPolyline string `json:"summary_polyline"`
	ResourceState   int    `json:"resource_state"`
}

// summaryOf returns the list item; noLine empties its line.
func summaryOf(a *activity, noLine bool) summaryActivity {
	zone, offset := zoneName(a.Timezone, a.Start)
	o := a.outlined()
	line := o.line
	if noLine {
		line = ""
	}
	w := summaryActivity{
		ResourceState: 2,
		Athlete:       meta{a.athleteID, 1},
		Name:          a.Name,
		Distance:      decimal(rounded(a.Distance, 1)),
		MovingTime:    seconds(a.Moving),
		ElapsedTime:   seconds(a.Elapsed),
		Climb:         bareZero(rounded(a.ClimbM, 1)),
		Type:          a.Type, SportType: a.SportType, WorkoutType: a.WorkoutType,
		DeviceName:     a.DeviceName,
		ID:             a.ID,
		StartDate:      stamp(a.shownStart()),
		StartDateLocal: stamp(a.shownLocal()),
		Timezone:       zone, UTCOffset: decimal(offset),
		Kudos: len(a.Kudos), Comments: len(a.Comments), Athletes: 1, Photos: len(a.Photos),
		Map:     summaryMap{mapID(a), line, 2},
		Trainer: a.Trainer, Commute: a.Commute, Manual: a.Manual,
		Private: a.Visibility == OnlyMe, Visibility: a.Visibility,
		GearID:      orNull(a.GearID),
		StartLatLng: latLng{}, EndLatLng: latLng{},
		MaxSpeed:       bareZero(rounded(a.MaxSpeed, 3)),
		HasHeartrate:   a.HeartrateAvg != nil,
		HideHeartrate:  a.HeartrateAvg != nil,
		UploadIDStr:    a.UploadID,
		ExternalID:     orNull(a.ExternalID),
		AverageCadence: optional(a.CadenceAvg, 1),
		AverageHR:      optional(a.HeartrateAvg, 1),
		MaxHR:          optional(a.HeartrateMax, 1),
	}
	if a.Moving > 0 {
		w.AverageSpeed = decimal(rounded(a.Distance/a.Moving.Seconds(), 3))
	}
	if a.UploadID != "" {
		n := jsonNum(a.UploadID)
		w.UploadID = &n
	}
	if o.line != "" {
		w.StartLatLng, w.EndLatLng = latLngOf(o.first), latLngOf(o.last)
		w.ElevHigh, w.ElevLow = optional(&a.ElevHigh, 1), optional(&a.ElevLow, 1)
		w.Achievements, w.PRs = int(a.ID%4), int(a.ID%4/2)
		w.Athletes += int(a.ID % 7 / 6)
	}
	if a.TempC != nil {
		t := int(math.Round(*a.TempC))
		w.AverageTemp = &t
	}
	if a.WattsAvg != nil {
		w.DeviceWatts = true
		w.AverageWatts = optional(a.WattsAvg, 1)
		w.MaxWatts = o.maxWatts
		w.WeightedWatts = int(math.Round(*a.WattsAvg * 1.08))
		w.Kilojoules = nonzero(*a.WattsAvg*a.Moving.Seconds()/1000, 1)
	}
	if a.HeartrateAvg != nil {
		effort := max(0, *a.HeartrateAvg-90) / 55
		w.SufferScore = nonzero(math.Round(a.Moving.Minutes()*effort*effort)+1, 0)
	}
	return w
}
