package simulate

import (
	"fmt"
	"math"
	"strings"

	"musette"
	"musette/strava/stravatest/season"
)

// field is one thing about an activity, as text, on both sides: as readers see it here, and as it is on Strava.
type field struct {
	name  string
	part  musette.Part // the part that brings it; it may be absent while that is missing
	here  func(*musette.Activity) string
	there func(*season.Activity) string
}

// noText stands for no description, which is another thing than an empty one.
const noText = "(none)"

var fields = []field{
	{"name", "", func(a *musette.Activity) string { return a.Name }, func(a *season.Activity) string { return a.Name }},
	{"type", "", func(a *musette.Activity) string { return a.SportType }, func(a *season.Activity) string { return a.SportType }},
	{"visibility", "", func(a *musette.Activity) string { return a.Visibility }, func(a *season.Activity) string { return a.Visibility }},
	{
		"distance", "",
		func(a *musette.Activity) string { return fmt.Sprintf("%.1f", a.DistanceM) },
		func(a *season.Activity) string { return fmt.Sprintf("%.1f", math.Round(a.Distance*10)/10) },
	},
	{
		"moving", "",
		func(a *musette.Activity) string { return fmt.Sprint(a.MovingS) },
		func(a *season.Activity) string { return fmt.Sprint(int(a.Moving.Seconds())) },
	},
	{
		"description", musette.PartDetail,
		func(a *musette.Activity) string { return orNone(a.Description) },
		func(a *season.Activity) string { return orNone(a.Description) },
	},
	{
		"photos", musette.PartPhotos,
		func(a *musette.Activity) string { return fmt.Sprint(len(a.Photos)) },
		func(a *season.Activity) string { return fmt.Sprint(len(a.Photos)) },
	},
	{
		"comments", musette.PartComments,
		func(a *musette.Activity) string {
			var b strings.Builder
			for _, c := range a.Comments {
				fmt.Fprintf(&b, "%q ", c.Text)
			}
			return b.String()
		},
		func(a *season.Activity) string {
			var b strings.Builder
			for _, c := range a.Comments {
				fmt.Fprintf(&b, "%q ", c.Text)
			}
			return b.String()
		},
	},
}

func orNone(s *string) string {
	if s == nil {
		return noText
	}
	return *s
}

// fieldOf says in which field a deed shows.
var fieldOf = map[Deed]string{
	Describe: "description", Rename: "name", Retype: "type", Crop: "distance", AddPhoto: "photos", RemovePhotos: "photos",
	AddComment: "comments", RemoveComments: "comments", Hide: "visibility", Narrow: "visibility", Show: "visibility",
}
