package svg

import "strings"

// ink is a pair of colours, as CSS writes them.
type ink struct{ route, ground string }

const (
	lightGround = "#f6f5f1"
	darkGround  = "#1b1d20"
)

// inks holds the line's colour for each sport family in light and dark, each with a contrast
// of at least 4.5 to its ground. Strava's orange, amber and red are left free on purpose.
var inks = map[string][2]string{
	"sport-foot":   {"#1e7a3c", "#74d48f"},
	"sport-wheel":  {"#2456c4", "#8ab4ff"},
	"sport-water":  {"#0a7080", "#5ccfdf"},
	"sport-winter": {"#6b4bc4", "#b9a3ff"},
	"sport-gym":    {"#9b2f77", "#f09ccf"},
}

// inksFor returns the colours for the first class that names a sport family; plain ink and
// paper if none does.
func inksFor(class string) (light, dark ink) {
	line := [2]string{"#33373d", "#dcdfe4"}
	for _, c := range strings.Fields(class) {
		if found, ok := inks[c]; ok {
			line = found
			break
		}
	}
	return ink{line[0], lightGround}, ink{line[1], darkGround}
}
