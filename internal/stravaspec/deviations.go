package stravaspec

import (
	"fmt"
	"strings"
	"sync"
)

// deviation is something that recorded answers of Strava have and that its
// specification lacks or has wrong.
type deviation struct {
	models  string // names of definitions
	members string // names of members
	problem string // unlisted, null, empty (a pair without numbers), point (1.0 for a whole number), range, enum
	why     string
}

var deviations = []deviation{
	{"summaryActivity detailedActivity", "utc_offset location_city location_state location_country visibility heartrate_opt_out display_hide_heartrate_option from_accepted_tag pr_count average_cadence average_temp suffer_score", "unlisted", "recorded 2025"},
	{"detailedActivity", "has_heartrate average_heartrate max_heartrate", "unlisted", "recorded; the model knows them for summaries only"},
	{"detailedActivity", "perceived_exertion prefer_perceived_exertion stats_visibility available_zones", "unlisted", "recorded 2025"},
	{"detailedActivity", "description", "null", "none was written"},
	{"summaryActivity detailedActivity", "workout_type", "null", "sports other than runs and rides"},
	{"summaryActivity detailedActivity", "gear_id", "null", "no gear chosen"},
	{"summaryActivity detailedActivity", "upload_id external_id", "null", "manual activities"},
	{"summaryActivity detailedActivity", "upload_id", "range", "the official example holds one beyond int64"},
	{"summaryActivity detailedActivity", "start_latlng end_latlng", "empty", "no map"},
	{"summaryActivity detailedActivity", "sport_type", "enum", "the list grows without notice"},
	{"summaryActivity detailedActivity", "resource_state", "unlisted", "in every answer"},
	{"metaAthlete metaActivity polylineMap lap", "resource_state", "unlisted", "in every answer"},
	{"metaActivity", "visibility", "unlisted", "recorded 2025, in laps"},
	{"photosSummary", "use_primary_photo", "unlisted", "recorded"},
	{"photosSummary", "primary", "null", "no photos"},
	{"photosSummary.primary", "media_type", "unlisted", "recorded"},
	{"split", "average_grade_adjusted_speed average_heartrate", "unlisted", "recorded"},
	{"detailedActivity.laps", "resource_state", "unlisted", "in every answer"},
	{"activityTotal", "moving_time elapsed_time", "point", "recorded: 474287.0"},
	{"lap detailedActivity.laps", "device_watts average_watts average_heartrate max_heartrate", "unlisted", "recorded"},
	{"summaryGear detailedGear", "nickname retired converted_distance", "unlisted", "recorded"},
	{"detailedGear", "weight notification_distance", "unlisted", "recorded"},
	{"detailedGear", "description", "null", "none was written"},
	{"comment", "post_id resource_state mentions_metadata cursor reaction_count has_reacted", "unlisted", "recorded, and in the official example"},
	{"detailedAthlete", "username bio badge_type_id friend follower blocked can_follow mutual_friend_count athlete_type date_preference postable_clubs_count", "unlisted", "recorded 2025"},
}

// Known are the problems that recorded answers of Strava have, too.
var Known = sync.OnceValue(func() map[Problem]bool {
	m := map[Problem]bool{}
	for _, d := range deviations {
		for _, model := range strings.Fields(d.models) {
			for _, member := range strings.Fields(d.members) {
				p := Problem{model, member, d.problem}
				if m[p] {
					panic(fmt.Sprint("listed twice: ", p))
				}
				m[p] = true
			}
		}
	}
	return m
})
