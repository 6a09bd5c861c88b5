package snapshot_test

import (
	"context"
	"fmt"
	"os"

	"musette/snapshot"
	"musette/store"
)

// A backup, and the same content in another store.
func Example() {
	ctx := context.Background()
	from, _ := store.OpenMemory(ctx)
	defer from.Close()
	_ = from.Update(ctx, nil, func(tx *store.Tx) error {
		return tx.PutAthlete(ctx, store.Athlete{ID: 4242, Name: "Jo"})
	})
	dir, _ := os.MkdirTemp("", "example")
	defer os.RemoveAll(dir)

	info, err := snapshot.Write(ctx, from, snapshot.Config{Dir: dir})
	fmt.Println(info.Rows["athletes"], "athlete,", err)

	to, _ := store.OpenMemory(ctx)
	defer to.Close()
	newest, _ := snapshot.Newest(ctx, dir)
	if err := snapshot.Load(ctx, newest.Path, to); err != nil {
		fmt.Println(err)
	}
	hash, _ := snapshot.ContentHash(ctx, to)
	fmt.Println("same content:", hash == info.Hash)
	// Output:
	// 1 athlete, <nil>
	// same content: true
}
