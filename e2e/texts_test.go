package e2e

import (
	"os"
	"strings"
	"testing"

	"musette"
	"musette/strava/stravatest"
	"musette/strava/stravatest/season"
)

// texts are what people write, and what programs trip over.
var texts = map[string]string{
	"quotes":             `"double" 'single' ` + "`back`" + ` «angle» “curly” \"escaped\"`,
	"backslashes":        `C:\new\table\u0041 \\server\share \`,
	"semicolons":         `a;b;;c; DROP TABLE activities;--`,
	"CRLF":               "first\r\nsecond\rthird\nfourth\n\n",
	"emoji":              "🏃‍♀️ 👩🏽‍🚀 🇬🇧 ☕️ 🫠 e\u0301 \u0065",
	"markup":             `<script>alert(1)</script><img src=x onerror=alert(2)>&amp;&lt;<!-- ]]> --></textarea>{{.}}`,
	"line separators":    "before\u2028between\u2029after\u0085end",
	"control characters": "bell\a tab\t esc\x1b[31m del\x7f vt\v ff\f one\x01 us\x1f",
	"long":               strings.Repeat("Ten ünits ", 1000),
	"right to left":      "ריצה בפארק 10 ק\"מ \u202eabc\u202c العربية \u200f!",
	"spaces":             "  leading, trailing, no-break\u00a0zero-width\u200bbom\ufeff  ",
	"astral":             "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 \U0010fffd \ufffd \ufffe",
	"percent":            "100% %s %d %n ${HOME} $(id) {0}",
	"json":               `{"activities":[],"next":null}` + "\x08\x0c",
}

// Each text arrives in the feed, and in `musette activities --json`, byte for byte as it was written on Strava:
// as a name, a description, a comment, a commenter's name and a caption.
func TestTextsArriveExactly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, stravatest.Config{Seed: 5, Activities: 60, Limits: plenty})
	of := map[int64]string{} // the name of the text by activity
	all := w.activities()
	for name, text := range texts {
		id := all[len(of)].ID
		of[id] = name
		_, err := w.AddComment(id, season.Person{First: text, Last: "K."}, text)
		must(t, err)
		_, err = w.AddPhoto(id, text)
		must(t, err)
		must(t, w.Rename(id, text))
		must(t, w.SetDescription(id, text))
	}
	p := w.program()
	p.must("sync")
	s := p.serve()
	body := s.get("/v1/feed?limit=500").want(200).body
	for where, got := range map[string][]musette.Activity{
		"the feed":                  decode[feedPage](t, body).Activities,
		"musette activities --json": p.activities(),
	} {
		found := 0
		for _, a := range got {
			name, ok := of[a.ID]
			if !ok {
				continue
			}
			found++
			want := texts[name]
			same := func(what, got string) {
				if got != want {
					t.Errorf("in %s, %s as %s arrived as\n%q, not\n%q", where, name, what, got, want)
				}
			}
			same("name", a.Name)
			if a.Description == nil {
				t.Errorf("in %s, %s as description arrived as null", where, name)
			} else {
				same("description", *a.Description)
			}
			last := a.Comments[len(a.Comments)-1]
			same("comment", last.Text)
			if got, want := last.Author, strings.TrimSpace(want+" K."); got != want { // a name is trimmed, nothing else
				t.Errorf("in %s, %s as a commenter's name arrived as %q", where, name, got)
			}
			same("caption", a.Photos[len(a.Photos)-1].Caption)
		}
		if found != len(texts) {
			t.Errorf("%s has %d of the %d activities", where, found, len(texts))
		}
	}

	// On the page they are text and nothing else; a real browser is asked by the tests of package web.
	page := s.get("/").want(200).body
	for _, bad := range []string{"<script>alert", "<img src=x", "</textarea>{{"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q in it as markup", bad)
		}
	}
	if !strings.Contains(page, "&lt;script&gt;alert(1)") {
		t.Error("the page doesn't show the markup as text")
	}
	s.stop(os.Interrupt)

	// On a terminal they can't do anything either.
	if table := p.must("activities"); strings.ContainsAny(table, "\x1b\a\b\r\x7f") {
		t.Errorf("the table has control characters in it:\n%q", shorten(table))
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
