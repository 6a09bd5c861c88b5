package strava

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// A Summary is an activity as it stands in a list. A Detail holds one too.
//
// Measures are nil where Strava left them out or sent null; a count that is
// left out is 0. Members that aren't decoded are in Raw.
//
// See https://developers.strava.com/docs/reference/#api-models-SummaryActivity.
type Summary struct {
	ID            int64 // 1 to the largest int64; not ordered by start
	AthleteID     int64 // 0 if absent
	ResourceState int   // 2 in lists, 3 in details

	Name      string
	Type      string // legacy, e.g. Ride
	SportType string // e.g. GravelRide; the list of them grows

	// Start is start_date: real UTC, zero if absent or malformed. Where the
	// athlete hides start times it is one second past midnight.
	Start time.Time
	// StartLocal is start_date_local as it came: the wall clock at the place,
	// whose Z is false.
	StartLocal string
	// Timezone is as it came, e.g. "(GMT-05:00) America/New_York". The offset
	// is the standard one, also in summer; the name is what counts.
	Timezone  string
	UTCOffset *float64 // seconds, the real one at Start

	DistanceM, MovingS, ElapsedS, ClimbM *float64
	ElevHigh, ElevLow                    *float64 // metres above the sea

	Visibility                        string // everyone, followers_only, only_me, "" if absent
	Private, Manual, Trainer, Flagged bool

	CommentCount int
	PhotoCount   int // total_photo_count; Strava's photo_count is Instagram's only
	KudosCount   int

	SummaryPolyline        string // precision 5; "" where there is no map
	StartLatLng, EndLatLng []float64
	GearID                 string // "" for none
	DeviceName             string
	ExternalID             string
	UploadID               string // the number as written: it may exceed int64; "" for none

	Raw []byte // the element, or the detail's whole body, byte for byte
}

// A Detail is an activity as its own call gives it.
//
// See https://developers.strava.com/docs/reference/#api-models-DetailedActivity.
type Detail struct {
	Summary
	Description *string  // nil if null or absent; may hold \r\n
	Polyline    string   // the full track, precision 5; "" where there is no map
	Calories    *float64 // kcal
	PhotosCount int      // photos.count
}

// ListOptions choose a page of the athlete's activities. What is zero is not
// sent, and Strava's default holds.
type ListOptions struct {
	// Before and After filter on the start, in whole seconds. Whether they
	// are inclusive is undocumented: overlap and de-duplicate. An After in
	// the future is an error.
	Before, After time.Time
	Page          int // from 1
	PerPage       int // default 30, at most 200
}

// Activities lists the athlete's activities: newest first, but oldest first
// if only After is given; neither is documented. A page may be short before
// the end; only an empty one is the end. Without the scope
// activity:read_all those for "Only You" are missing.
//
// An element without a sound id makes the whole answer KindMismatch.
//
// GET /athlete/activities:
// https://developers.strava.com/docs/reference/#api-Activities-getLoggedInAthleteActivities
func (c *Client) Activities(ctx context.Context, token Secret, opts ListOptions) ([]Summary, *Answer, error) {
	query := url.Values{}
	if !opts.Before.IsZero() {
		query.Set("before", strconv.FormatInt(opts.Before.Unix(), 10))
	}
	if !opts.After.IsZero() {
		query.Set("after", strconv.FormatInt(opts.After.Unix(), 10))
	}
	setPage(query, opts.Page, opts.PerPage)
	return fetch(ctx, c, c.get(token, "athlete/activities", query), decodeSummaries)
}

// setPage sends what is not zero.
func setPage(query url.Values, page, perPage int) {
	if page != 0 {
		query.Set("page", strconv.Itoa(page))
	}
	if perPage != 0 {
		query.Set("per_page", strconv.Itoa(perPage))
	}
}

// ActivityOptions choose the form of a detail.
type ActivityOptions struct {
	AllEfforts bool // every segment effort, not just the important ones
}

// Activity returns one activity in full. An answer with another id, or
// without a start, is KindMismatch. One that is deleted or hidden from the
// token is KindGone.
//
// GET /activities/{id}:
// https://developers.strava.com/docs/reference/#api-Activities-getActivityById
func (c *Client) Activity(ctx context.Context, token Secret, id int64, opts ActivityOptions) (*Detail, *Answer, error) {
	query := url.Values{}
	if opts.AllEfforts {
		query.Set("include_all_efforts", "true")
	}
	return fetch(ctx, c, c.get(token, activityPath(id, ""), query), func(body []byte) (*Detail, error) {
		return decodeDetail(body, id)
	})
}

func activityPath(id int64, suffix string) string {
	return "activities/" + strconv.FormatInt(id, 10) + suffix
}

type wireSummary struct {
	ID      id `json:"id"`
	Athlete struct {
		ID id `json:"id"`
	} `json:"athlete"`
	ResourceState number   `json:"resource_state"`
	Name          string   `json:"name"`
	Type          string   `json:"type"`
	SportType     string   `json:"sport_type"`
	Start         instant  `json:"start_date"`
	StartLocal    string   `json:"start_date_local"`
	Timezone      string   `json:"timezone"`
	UTCOffset     number   `json:"utc_offset"`
	DistanceM     number   `json:"distance"`
	MovingS       number   `json:"moving_time"`
	ElapsedS      number   `json:"elapsed_time"`
	ClimbM        number   `json:"total_elevation_gain"`
	ElevHigh      number   `json:"elev_high"`
	ElevLow       number   `json:"elev_low"`
	Visibility    string   `json:"visibility"`
	Private       bool     `json:"private"`
	Manual        bool     `json:"manual"`
	Trainer       bool     `json:"trainer"`
	Flagged       bool     `json:"flagged"`
	CommentCount  number   `json:"comment_count"`
	PhotoCount    number   `json:"total_photo_count"`
	KudosCount    number   `json:"kudos_count"`
	StartLatLng   place    `json:"start_latlng"`
	EndLatLng     place    `json:"end_latlng"`
	GearID        string   `json:"gear_id"`
	DeviceName    string   `json:"device_name"`
	ExternalID    literal  `json:"external_id"`
	UploadID      literal  `json:"upload_id"`
	Map           *wireMap `json:"map"`
}

type wireMap struct {
	SummaryPolyline string `json:"summary_polyline"`
	Polyline        string `json:"polyline"`
}

func (w *wireSummary) summary(raw []byte) (Summary, error) {
	if w.ID == 0 {
		return Summary{}, mismatchError("the activity has no sound id")
	}
	s := Summary{
		ID: int64(w.ID), AthleteID: int64(w.Athlete.ID), ResourceState: w.ResourceState.whole(),
		Name: w.Name, Type: w.Type, SportType: w.SportType,
		Start: w.Start.Time, StartLocal: w.StartLocal, Timezone: w.Timezone, UTCOffset: w.UTCOffset.pointer(),
		DistanceM: w.DistanceM.pointer(), MovingS: w.MovingS.pointer(), ElapsedS: w.ElapsedS.pointer(),
		ClimbM: w.ClimbM.pointer(), ElevHigh: w.ElevHigh.pointer(), ElevLow: w.ElevLow.pointer(),
		Visibility: w.Visibility, Private: w.Private, Manual: w.Manual, Trainer: w.Trainer, Flagged: w.Flagged,
		CommentCount: w.CommentCount.whole(), PhotoCount: w.PhotoCount.whole(), KudosCount: w.KudosCount.whole(),
		StartLatLng: w.StartLatLng, EndLatLng: w.EndLatLng,
		GearID: w.GearID, DeviceName: w.DeviceName, ExternalID: string(w.ExternalID), UploadID: string(w.UploadID),
		Raw: raw,
	}
	if w.Map != nil {
		s.SummaryPolyline = w.Map.SummaryPolyline
	}
	return s, nil
}

func decodeSummaries(body []byte) ([]Summary, error) {
	return decodeList(body, (*wireSummary).summary)
}

func decodeDetail(body []byte, asked int64) (*Detail, error) {
	var w struct {
		wireSummary
		Description *string `json:"description"`
		Calories    number  `json:"calories"`
		Photos      *struct {
			Count number `json:"count"`
		} `json:"photos"`
	}
	if err := decodeObject(body, &w); err != nil {
		return nil, err
	}
	summary, err := w.summary(slices.Clone(body))
	switch {
	case err != nil:
		return nil, err
	case summary.ID != asked:
		return nil, mismatchError(fmt.Sprintf("it is activity %d", summary.ID))
	case summary.Start.IsZero():
		return nil, mismatchError("the activity has no start")
	}
	d := &Detail{Summary: summary, Description: w.Description, Calories: w.Calories.pointer()}
	if w.Map != nil {
		d.Polyline = w.Map.Polyline
	}
	if w.Photos != nil {
		d.PhotosCount = w.Photos.Count.whole()
	}
	return d, nil
}
