package svg_test

import (
	"fmt"

	"musette/track"
	"musette/web/svg"
)

func ExampleRoute() {
	north := []track.Point{{Lat: 51.50, Lng: -0.12}, {Lat: 51.51, Lng: -0.12}}
	fmt.Printf("%s\n", svg.Route(north, svg.RouteOptions{Width: 90, Height: 90, Title: "To the park & on", Class: "sport-foot"}))
	// Output:
	// <svg viewBox="0 0 90 90" class="route sport-foot" role="img"><title>To the park &amp; on</title><rect class="g" width="90" height="90" fill="var(--ground,Canvas)"/><path class="r" fill="none" stroke="var(--route,currentColor)" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" d="M45 80l0-70"/><circle class="o" cx="45" cy="80" r="2.4" fill="var(--ground,Canvas)" stroke="var(--route,currentColor)" stroke-width="1.1"/><circle class="e" cx="45" cy="10" r="2.8" fill="var(--route,currentColor)" stroke="var(--ground,Canvas)" stroke-width="0"/></svg>
}
