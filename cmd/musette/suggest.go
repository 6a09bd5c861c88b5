package main

import "strings"

// nearest returns the name most like the one that was written, or "" if none is near enough to be meant.
func nearest(written string, names []string) string {
	best, least := "", len(written)/3+1
	for _, name := range names {
		if len(written) >= len(name)/2 && (strings.HasPrefix(name, written) || strings.HasSuffix(name, written)) {
			return name
		}
		if d := distance(strings.ToLower(written), strings.ToLower(name)); d < least {
			best, least = name, d
		}
	}
	return best
}

// distance is Levenshtein's: how many letters must be put in, left out or replaced.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
