package main

import "testing"

func TestNearestName(t *testing.T) {
	names := []string{"demo", "serve", "sync", "status", "activities", "key", "backup"}
	for written, want := range map[string]string{
		"snyc": "sync", "sycn": "sync", "synk": "sync", "Sync": "sync", "stauts": "status", "activites": "activities",
		"bakcup": "backup", "srve": "serve", "activ": "activities", "demoo": "demo",
		"": "", "x": "", "weather": "", "sy": "sync", "ekyb": "", "mode": "",
	} {
		if got := nearest(written, names); got != want {
			t.Errorf("nearest to %q is %q, want %q", written, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"abc", "abc", 0},
		{"abc", "", 3},
		{"", "abc", 3},
		{"abc", "acb", 1},
		{"abcd", "badc", 2},
		{"abc", "abd", 1},
		{"abc", "abcd", 1},
		{"kitten", "sitting", 3},
	} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("from %q to %q it is %d, want %d", c.a, c.b, got, c.want)
		}
		if got := distance(c.b, c.a); got != c.want {
			t.Errorf("from %q to %q it is %d, want %d", c.b, c.a, got, c.want)
		}
	}
}
