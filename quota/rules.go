package quota

import (
	"errors"
	"fmt"

	"musette"
)

// Rules say what is kept for whom. [Rules.Validate] says which can be met.
type Rules struct {
	// Reserve is the share of each window that is kept for a class from all classes below it, at the window's start.
	// It melts away towards the end.
	Reserve [musette.NumClasses]float64 `json:"reserve"`
	// RecheckSpare is the share of a day's limits that rechecks leave alone to its end.
	RecheckSpare float64 `json:"recheck_spare"`
}

// DefaultRules returns the rules of DESIGN section 7.
func DefaultRules() Rules {
	return Rules{
		Reserve: [musette.NumClasses]float64{
			musette.ClassLogin:  0.01,
			musette.ClassForced: 0.02,
			musette.ClassEvent:  0.10,
			musette.ClassList:   0.03,
			musette.ClassRecent: 0.04,
		},
		RecheckSpare: 0.2,
	}
}

// Validate returns nil for rules that can be met, and else one [musette.InvalidError] for each thing that is wrong,
// joined. They call the values as the configuration does: "reserve.event", "recheck_spare".
func (r Rules) Validate() error {
	var errs []error
	const right = "write a share from 0% to 100%, such as 10%"
	sum, sound, names := 0.0, true, []string{}
	for c, share := range r.Reserve {
		name := "reserve." + musette.Class(c).String()
		names = append(names, name)
		sum += share
		if !isShare(share) {
			sound = false
			errs = append(errs, &musette.InvalidError{Names: []string{name}, Problem: "is not a share", Right: right})
		}
	}
	if sound && sum > 1+1e-9 {
		errs = append(errs, &musette.InvalidError{
			Names: names, Problem: fmt.Sprintf("makes the reserves %.6g%% together", 100*sum),
			Right: "they can be 100% at most, and what is kept for one class waits for another",
		})
	}
	if !isShare(r.RecheckSpare) {
		errs = append(errs, &musette.InvalidError{Names: []string{"recheck_spare"}, Problem: "is not a share", Right: right})
	}
	return errors.Join(errs...)
}

func isShare(f float64) bool { return f >= 0 && f <= 1 } // not a number is neither

// keptFrom is the share of a window's calls that is kept from a class at the window's start.
func (r Rules) keptFrom(c musette.Class) (share float64) {
	for _, s := range r.Reserve[:c] {
		share += s
	}
	return share
}
