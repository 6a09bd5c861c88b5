package store_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"musette"
	"musette/store"
)

// What comes goes in as it came; the activity derived from it is written in the same transaction.
func Example() {
	ctx := context.Background()
	s, err := store.OpenMemory(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	at := time.Date(2026, 5, 22, 9, 0, 0, 0, time.UTC)
	err = s.Update(ctx, nil, func(tx *store.Tx) error {
		doc := musette.NewDocument(4242, 19403555631, musette.PartSummary, musette.SourceAPI, []byte(`{"id": 19403555631}`), at)
		if err := tx.PutDocument(ctx, doc, true); err != nil {
			return err
		}
		_, err := tx.PutActivity(ctx, store.Activity{AthleteID: 4242, ID: 19403555631, Status: store.StatusLive, View: []byte(`{}`)})
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	err = s.View(ctx, func(tx *store.Tx) error {
		changes, err := tx.Changes(ctx, 0, 10)
		for _, c := range changes {
			fmt.Println(c.Seq, c.Kind, c.ActivityID)
		}
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output: 1 put 19403555631
}
