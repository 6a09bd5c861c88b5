package token

import "slices"

// wider names, for each scope, those that include it.
// https://developers.strava.com/docs/authentication/
var wider = map[string][]string{
	"read":          {"read_all"},
	"activity:read": {"activity:read_all"},
}

// Missing returns the needed scopes that were not granted, in the order they
// were asked for. A wider scope stands for the narrower one.
func Missing(needed, granted []string) []string {
	var missing []string
	for _, scope := range needed {
		if !hasScope(granted, scope) {
			missing = append(missing, scope)
		}
	}
	return missing
}

func hasScope(granted []string, scope string) bool {
	return slices.Contains(granted, scope) ||
		slices.ContainsFunc(wider[scope], func(w string) bool { return slices.Contains(granted, w) })
}

// unreadable reports whether the scopes are known and allow no reading of
// activities, so that nothing can be mirrored.
func unreadable(granted []string) bool {
	return len(granted) > 0 && !hasScope(granted, "activity:read")
}
