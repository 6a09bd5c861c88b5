package track_test

import (
	"fmt"

	"musette/track"
)

func Example() {
	points, err := track.Decode("_p~iF~ps|U_ulLnnqC_mqNvxq`@")
	if err != nil {
		fmt.Println(err)
		return
	}
	bounds, _ := track.BoundsOf(points)
	fmt.Println(points[0])
	fmt.Printf("%.0f km\n", track.Length(points)/1000)
	fmt.Println(bounds.South, bounds.North)
	fmt.Println(track.Encode(track.SimplifyTo(points, 2)))
	// Output:
	// {38.5 -120.2}
	// 789 km
	// 38.5 43.252
	// _p~iF~ps|U_c_\fhde@
}

func ExampleDecode_error() {
	_, err := track.Decode("_p~iF~ps|")
	fmt.Println(err)
	// Output: polyline: ends in the middle of a point (at byte 9)
}
