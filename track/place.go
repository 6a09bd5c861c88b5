package track

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"math"
)

const (
	metresPerDegree = earthRadiusM * math.Pi / 180

	// cellM is the side of the cells that ends of routes are grouped by: a place is a cell.
	cellM = 100
	// A hidden disc is moved by so much, and reaches so much further than it was moved.
	leastShiftM, mostShiftM = 280, 300
	coverM                  = 200
	// coreM is how much wider than the shift a disc's core is, so that what is hidden is well within.
	coreM = 60
	// fieldM is how far one must go until the secret directions have nothing to do with each other any more. Neighbouring
	// cells have similar ones: were they independent, the middles of the discs around one door would lie all around it.
	fieldM = 1000
	// districtM is the side of the squares in which leans are on one side of the shift.
	districtM = 5000
	// leastTurn and mostTurn bound the angle between a disc's shift and its lean, to either side. Opposite, they would undo
	// each other; in the same direction, what is empty because no ends lie there would reach back to what is hidden. They
	// are no closer, for the lean can be told from many routes, and must not tell the shift.
	leastTurn, mostTurn = 40 * math.Pi / 180, 130 * math.Pi / 180
)

// MaskKey is the secret of one athlete's masks. All that is random about them follows from it, so that the same
// routes always give the same mask, wherever and in whatever order they are looked at.
type MaskKey [32]byte

// NewMaskKey makes an athlete's key from the deployment's secret.
func NewMaskKey(secret []byte, athleteID int64) MaskKey {
	mac := hmac.New(sha256.New, secret)
	mac.Write(binary.BigEndian.AppendUint64([]byte("mask\x00"), uint64(athleteID)))
	return MaskKey(mac.Sum(nil))
}

// random returns numbers from 0 to 1, the same for the same purpose and place.
func (k MaskKey) random(purpose byte, a, b int64) (x, y float64) {
	mac := hmac.New(sha256.New, k[:])
	text := binary.BigEndian.AppendUint64([]byte{purpose}, uint64(a))
	mac.Write(binary.BigEndian.AppendUint64(text, uint64(b)))
	sum := mac.Sum(nil)
	unit := func(b []byte) float64 { return float64(binary.BigEndian.Uint64(b)>>11) / (1 << 53) }
	return unit(sum), unit(sum[8:])
}

// The purposes of random numbers.
const (
	forGrid byte = iota
	forShift
	forLean
	forSide
	forLength
	forEnd
)

// A Cell is a square of about 100 m in which routes end. It tells only whoever has the key where it is.
type Cell struct{ Row, Col int64 }

// scale is how many metres a degree of longitude has at a latitude. It never gets to 0.
func scale(lat float64) float64 {
	return metresPerDegree * max(math.Cos(radians(lat)), 0.01)
}

// Cell returns the cell of a valid point.
func (k MaskKey) Cell(p Point) Cell {
	x, y := k.random(forGrid, 0, 0)
	row := math.Floor(p.Lat*metresPerDegree/cellM + y)
	return Cell{int64(row), int64(math.Floor(p.Lng*scale(rowLat(row, y))/cellM + x))}
}

func rowLat(row, y float64) float64 { return min(max((row+0.5-y)*cellM/metresPerDegree, -90), 90) }

// Disc returns what is hidden around a cell. Whatever lies in the cell is inside, and so is everything within 200 m of
// it, but the middle of the disc is 280 to 300 m off the middle of the cell.
func (k MaskKey) Disc(c Cell) Disc {
	x, y := k.random(forGrid, 0, 0)
	lat := rowLat(float64(c.Row), y)
	middle := Point{lat, (float64(c.Col) + 0.5 - x) * cellM / scale(lat)}
	return k.Around(middle, coverM+cellM*math.Sqrt2/2)
}

// Around returns a disc that hides everything within radiusM of a point, and whose middle is 280 to 300 m away from it.
func (k MaskKey) Around(p Point, radiusM float64) Disc {
	shift, lean := k.field(forShift, p), k.field(forLean, p)
	row, col := math.Floor(p.Lat*metresPerDegree/cellM), math.Floor(p.Lng*scale(p.Lat)/cellM)
	n, _ := k.random(forLength, int64(row), int64(col))
	// Which side it is turns over from one district to the next, rarely: a home between two would be shown from both sides.
	turn := leastTurn + (1+math.Sin(lean))/2*(mostTurn-leastTurn)
	district := math.Floor(p.Lat * metresPerDegree / districtM)
	lat := min(max(district*districtM/metresPerDegree, -90), 90)
	if side, _ := k.random(forSide, int64(district), int64(math.Floor(p.Lng*scale(lat)/districtM))); side < 0.5 {
		turn = -turn
	}
	byM := leastShiftM + n*(mostShiftM-leastShiftM)
	centre := move(p, shift, byM)
	return Disc{
		Centre: centre, RadiusM: radiusM + byM, coreM: byM + coreM,
		lean: shift + turn, scale: scale(centre.Lat), key: k,
	}
}

// field is a secret direction that changes smoothly from place to place: each corner of a coarse grid has a random one,
// up to two turns, and between them it is interpolated.
func (k MaskKey) field(purpose byte, p Point) float64 {
	north := p.Lat * metresPerDegree / fieldM
	row := math.Floor(north)
	at := func(row float64) float64 {
		lat := min(max(row*fieldM/metresPerDegree, -90), 90)
		east := p.Lng * scale(lat) / fieldM
		col := math.Floor(east)
		a, _ := k.random(purpose, int64(row), int64(col))
		b, _ := k.random(purpose, int64(row), int64(col)+1)
		return a + (b-a)*(east-col)
	}
	south, up := at(row), at(row+1)
	return 4 * math.Pi * (south + (up-south)*(north-row))
}

// move goes byM metres in a direction, counted from east to north.
func move(p Point, angle, byM float64) Point {
	return Point{
		Lat: min(max(p.Lat+math.Sin(angle)*byM/metresPerDegree, -90), 90),
		Lng: math.Remainder(p.Lng+math.Cos(angle)*byM/scale(p.Lat), 360),
	}
}
