package stravatest_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"musette/strava/stravatest"
)

// What recorded answers hold, in their order. Members after a star may be
// absent, wherever they stand.
const (
	summaryHead = "resource_state athlete name distance moving_time elapsed_time total_elevation_gain type sport_type workout_type *device_name id " +
		"start_date start_date_local timezone utc_offset location_city location_state location_country achievement_count kudos_count comment_count " +
		"athlete_count photo_count map trainer commute manual private visibility flagged gear_id start_latlng end_latlng average_speed max_speed " +
		"has_heartrate heartrate_opt_out display_hide_heartrate_option *elev_high *elev_low upload_id *upload_id_str external_id from_accepted_tag " +
		"pr_count total_photo_count has_kudoed *average_cadence *average_temp *average_watts *max_watts *weighted_average_watts *kilojoules " +
		"*device_watts *average_heartrate *max_heartrate *suffer_score "
	detailTail = "description calories perceived_exertion prefer_perceived_exertion segment_efforts *splits_metric *splits_standard *laps *best_efforts " +
		"*gear photos stats_visibility hide_from_home embed_token available_zones"
	lapMembers = "id resource_state name activity athlete elapsed_time moving_time start_date start_date_local distance average_speed max_speed " +
		"lap_index split start_index end_index total_elevation_gain *average_cadence *device_watts *average_watts *average_heartrate *max_heartrate"
	commentMembers = "id activity_id post_id resource_state text mentions_metadata created_at cursor athlete reaction_count has_reacted"
	photoMembers   = "unique_id athlete_id activity_id activity_name post_id resource_state caption type source status uploaded_at created_at " +
		"created_at_local urls placeholder_image sizes default_photo cursor *duration *video_url *location"
	athleteMembers = "id username resource_state firstname lastname bio city state country sex premium summit created_at updated_at badge_type_id " +
		"weight profile_medium profile friend follower blocked can_follow follower_count friend_count mutual_friend_count athlete_type date_preference " +
		"measurement_preference clubs postable_clubs_count ftp bikes shoes"
	statsMembers = "biggest_ride_distance biggest_climb_elevation_gain recent_ride_totals all_ride_totals recent_run_totals all_run_totals " +
		"recent_swim_totals all_swim_totals ytd_ride_totals ytd_run_totals ytd_swim_totals"
	bikeMembers = "id primary name nickname resource_state retired distance converted_distance brand_name model_name frame_type description weight"
	shoeMembers = "id primary name nickname resource_state retired distance converted_distance brand_name model_name description notification_distance"
)

// members returns the names in an object, in order.
func members(t *testing.T, object []byte) []string {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(object))
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	var names []string
	for d.More() {
		name, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			t.Fatal(err)
		}
		names = append(names, name.(string))
	}
	return names
}

// sameMembers compares an object with the recorded members. It marks the
// optional ones that it meets.
func sameMembers(t *testing.T, what string, object []byte, recorded string, met map[string]bool) {
	t.Helper()
	got := members(t, object)
	var want []string
	for _, name := range strings.Fields(recorded) {
		bare, optional := strings.CutPrefix(name, "*")
		if optional && !slices.Contains(got, bare) {
			continue
		}
		want = append(want, bare)
		met[bare] = true
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}

func TestMembersAsRecorded(t *testing.T) {
	w := start(t, stravatest.Config{Activities: 200, Limits: generous})
	met := map[string]bool{}
	objects := func(what, path, recorded string) {
		t.Helper()
		var list []json.RawMessage
		w.must(path, &list)
		for _, one := range list {
			sameMembers(t, what, one, recorded, met)
		}
	}
	object := func(what, path, recorded string) {
		t.Helper()
		if a := w.get(path); a.status != http.StatusOK {
			t.Errorf("%s: %d", path, a.status)
		} else {
			sameMembers(t, what, a.body, recorded, met)
		}
	}
	objects("summary", "/athlete/activities?per_page=200", summaryHead)
	objects("summary", "/athlete/activities?per_page=200&page=2", summaryHead)
	for _, a := range w.all("") {
		path := "/activities/" + id(a.ID)
		object("detail", path, summaryHead+detailTail)
		if a.Comments > 0 {
			objects("comment", path+"/comments?page_size=2", commentMembers)
		}
		if a.Kudos > 0 {
			objects("kudos", path+"/kudos", "resource_state firstname lastname")
		}
		if a.Photos > 0 {
			objects("photo", path+"/photos?size=600", photoMembers)
		}
		if !a.Manual {
			objects("lap", path+"/laps", lapMembers)
		}
	}
	object("athlete", "/athlete", athleteMembers)
	object("stats", "/athletes/"+id(w.me)+"/stats", statsMembers)
	var me struct{ Bikes, Shoes []struct{ ID string } }
	w.must("/athlete", &me)
	object("bike", "/gear/"+me.Bikes[0].ID, bikeMembers)
	object("shoes", "/gear/"+me.Shoes[0].ID, shoeMembers)
	for _, name := range strings.Fields(summaryHead + detailTail + " " + lapMembers + " " + photoMembers) {
		if !met[strings.TrimPrefix(name, "*")] {
			t.Errorf("no answer has %s", name)
		}
	}
}

// TestOddities looks for the details that trip clients up.
func TestOddities(t *testing.T) {
	w := start(t, stravatest.Config{Activities: 400, Limits: generous})
	a := w.get("/athlete/activities?per_page=200")
	b := w.get("/athlete/activities?per_page=200&page=2")
	text := compact(a.body) + compact(b.body)
	for _, want := range []string{
		`"location_city":null,"location_state":null,"location_country":null`,
		`"start_latlng":[],"end_latlng":[]`,
		`"upload_id":null,"external_id":null`,
		`"summary_polyline":""`,
		`"workout_type":null`,
		`"total_elevation_gain":0,`,
		`"distance":0.0,`,
		`"max_speed":0,`,
		`"(GMT+00:00) Europe/London","utc_offset":3600.0`,
		`"(GMT+00:00) Europe/London","utc_offset":0.0`,
		`T00:00:01Z","start_date_local":"`,
		`"photo_count":0`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no list item has %s", want)
		}
	}
	truth := w.Activities(w.me)
	zones, beyond := map[string]bool{}, 0
	for i, one := range w.all("") {
		want := truth[i]
		zones[one.Timezone] = true
		if one.ID > 1<<53 {
			beyond++
		}
		local := one.Start.Add(time.Duration(one.Offset) * time.Second)
		switch {
		case want.HideStart:
			local = one.Start
			if one.Start.Hour() != 0 || one.Start.Minute() != 0 || one.Start.Second() != 1 {
				t.Errorf("%d: the hidden start shows as %v", one.ID, one.Start)
			}
		case !one.Start.Equal(want.Start):
			t.Errorf("%d: start %v, want %v", one.ID, one.Start, want.Start)
		}
		if !one.Local.Equal(local) {
			t.Errorf("%d: start_date_local %v, want %v", one.ID, one.Local, local)
		}
	}
	if len(zones) < 2 || beyond == 0 {
		t.Errorf("%d zones and %d ids beyond 2^53: the season is too even", len(zones), beyond)
	}
}
