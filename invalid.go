package musette

import "strings"

// An InvalidError says that a value of a policy can't be met, alone or beside others.
type InvalidError struct {
	Names   []string // the values at fault, the likeliest first, as they are called in the configuration: "reserve.event"
	Problem string   // what is wrong with them: "is not above 0"
	Right   string   // what would be right
}

func (e *InvalidError) Error() string {
	return strings.Join(e.Names, " and ") + " " + e.Problem + "; " + e.Right
}
