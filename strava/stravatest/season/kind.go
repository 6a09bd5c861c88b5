package season

// kind is what the athlete set out to do.
type kind int

const (
	easyRun kind = iota
	backRun
	tempoRun
	steadyLong
	trailRun
	parkrun
	tenK
	half
	ride
	bigRide
	gravel
	hillClimb
	commuteIn
	commuteOut
	granFondo
	indoorRide
	gym
	yoga
	pool
	openWater
	hiking
	walking
	wing
)

// sport is what a kind looks like on Strava, and how it is done.
type sport struct {
	legacy, name string // Type and SportType
	routes       routeKind
	variants     int     // how many favourite routes
	gait         gait    //
	speed        float64 // of the athlete's base speed for the gait
	effort       float64
	every        float64 // s between samples
	lapM         float64
	workout      int // -1 for none
}

// sports has a row for each kind. Speeds on the water are in m/s.
var sports = [...]sport{
	easyRun:    {"Run", "Run", runLoop, 8, onFoot, 1, 0.45, 5, 1000, 0},
	backRun:    {"Run", "Run", runBack, 4, onFoot, 1, 0.45, 5, 1000, 0},
	tempoRun:   {"Run", "Run", fastRun, 5, onFoot, 1.13, 0.78, 4, 1000, 3},
	steadyLong: {"Run", "Run", longRun, 5, onFoot, 0.96, 0.5, 6, 1000, 2},
	trailRun:   {"Run", "TrailRun", trail, 6, onFoot, 0.86, 0.58, 6, 0, 0},
	parkrun:    {"Run", "Run", parkLaps, 1, onFoot, 1.25, 0.94, 4, 1000, 0},
	tenK:       {"Run", "Run", race10, 3, onFoot, 1.22, 0.93, 4, 1000, 1},
	half:       {"Run", "Run", raceHalf, 2, onFoot, 1.14, 0.88, 5, 1000, 1},
	ride:       {"Ride", "Ride", rideLoop, 6, onWheels, 1, 0.5, 5, 0, 10},
	bigRide:    {"Ride", "Ride", longRide, 5, onWheels, 0.97, 0.48, 6, 0, 10},
	gravel:     {"Ride", "GravelRide", rideLoop, 9, onWheels, 0.84, 0.55, 5, 0, 10},
	hillClimb:  {"Ride", "Ride", climb, 3, onWheels, 1, 0.62, 5, 0, 12},
	commuteIn:  {"Ride", "Ride", toWork, 1, onWheels, 0.88, 0.4, 4, 0, 10},
	commuteOut: {"Ride", "Ride", fromWork, 1, onWheels, 0.85, 0.38, 4, 0, 10},
	granFondo:  {"Ride", "Ride", sportive, 1, onWheels, 1.08, 0.66, 6, 0, 11},
	indoorRide: {"VirtualRide", "VirtualRide", 0, 0, onWheels, 1, 0.6, 4, 0, 10},
	gym:        {"WeightTraining", "WeightTraining", 0, 0, onFoot, 0, 0.3, 0, 0, -1},
	yoga:       {"Yoga", "Yoga", 0, 0, onFoot, 0, -0.3, 6, 0, -1},
	pool:       {"Swim", "Swim", 0, 0, onWater, 0.78, 0.5, 8, 0, -1},
	openWater:  {"Swim", "Swim", lakeSwim, 3, onWater, 0.74, 0.5, 6, 0, -1},
	hiking:     {"Hike", "Hike", hike, 7, onFoot, 0.42, 0.2, 8, 0, -1},
	walking:    {"Walk", "Walk", walk, 6, onFoot, 0.45, 0.05, 8, 0, -1},
	wing:       {"Workout", "Wingfoil", lakeWind, 2, onWater, 5.4, 0.4, 4, 0, -1},
}

// hasMap says whether a kind leaves a track.
func (k kind) hasMap() bool { return sports[k].variants > 0 }

func (k kind) isRun() bool  { return sports[k].legacy == "Run" }
func (k kind) isRide() bool { return sports[k].legacy == "Ride" }
func (k kind) isRace() bool { return k == tenK || k == half || k == granFondo }

// isFree says whether a slot may become something else: no race, no appointment.
func (k kind) isFree() bool {
	return !k.isRace() && k != parkrun && k != commuteIn && k != commuteOut
}
