package main

import (
	"io"
	"net/url"
	"strconv"
	"strings"
)

// print writes each setting, its value and where it came from, in the table's order. Secrets show as ***.
func (c *config) print(w io.Writer) error {
	var t table
	for _, s := range settingsTable {
		v, given := c.values[s.name]
		if !given {
			v = value{text: s.byDefault, origin: origin{name: s.name}}
			if s.name == "STRAVA_PUSH_URL" {
				v.text = c.PushURL // follows the API's address
			}
		}
		t.row(s.name, s.show(v.text), v.String())
	}
	return t.write(w)
}

// show returns a value fit for a table's cell, - for none.
func (s *setting) show(text string) string {
	switch {
	case text == "":
		return "-"
	case s.name == "DATABASE_URL":
		return showDatabase(text)
	case s.secret:
		return "***"
	case strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == '"' || r == 0x7f }):
		return strconv.Quote(text)
	}
	return text
}

// showDatabase keeps what tells two databases apart and leaves out whatever could hold a password.
func showDatabase(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "***"
	}
	shown := u.Scheme + "://"
	if u.User != nil {
		shown += "***@"
	}
	shown += u.Host + u.EscapedPath()
	if u.RawQuery != "" {
		shown += "?***"
	}
	return shown
}
