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

// distance is how many letters must be put in, left out, replaced or swapped with their neighbour. Swapped letters
// are the commonest slip, and would cost two without the last.
func distance(a, b string) int {
	// The rows of the table for two letters ago, one letter ago, and now.
	var before, last []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, last, row = last, row, make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			replaced := last[j]
			if a[i] != b[j] {
				replaced++
			}
			row[j+1] = min(replaced, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
