package musette_test

import (
	"fmt"
	"time"

	"musette"
)

// Documents go in, in any order; what readers see comes out. With the summary alone there is something to show; the
// detail adds the description, and no summary ever takes it away again.
func ExampleDerive() {
	at := time.Date(2026, 5, 22, 9, 0, 0, 0, time.UTC)
	document := func(part musette.Part, after time.Duration, body string) musette.Document {
		return musette.NewDocument(4242, 7, part, musette.SourceAPI, []byte(body), at.Add(after))
	}
	summary := document(musette.PartSummary, 0, `{"id":7,"athlete":{"id":4242},"name":"Park loop","sport_type":"Run",
		"distance":5218.5,"start_date":"2026-05-22T06:49:27Z","timezone":"(GMT+00:00) Europe/London"}`)
	detail := document(musette.PartDetail, time.Minute, `{"id":7,"athlete":{"id":4242},"name":"Park loop","sport_type":"Run",
		"distance":5218.5,"start_date":"2026-05-22T06:49:27Z","timezone":"(GMT+00:00) Europe/London","description":"Cold."}`)
	renamed := document(musette.PartSummary, time.Hour, `{"id":7,"athlete":{"id":4242},"name":"Park loop with Mira",
		"sport_type":"Run","distance":5218.5,"start_date":"2026-05-22T06:49:27Z"}`)

	for _, docs := range [][]musette.Document{{summary}, {detail, summary}, {renamed, detail}} {
		v, err := musette.Derive(docs, false)
		if err != nil {
			fmt.Println(err)
			return
		}
		text := "no description"
		if v.Description != nil {
			text = *v.Description
		}
		fmt.Printf("%s, %s: %s Missing: %v\n", v.StartLocal, v.Name, text, v.Missing)
	}
	// Output:
	// 2026-05-22T07:49:27, Park loop: no description Missing: [detail]
	// 2026-05-22T07:49:27, Park loop: Cold. Missing: []
	// 2026-05-22T07:49:27, Park loop with Mira: Cold. Missing: []
}
