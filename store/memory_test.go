package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/storetest"
)

func ExampleNewMemory() {
	ctx := context.Background()
	backend := store.NewMemory()

	version, err := backend.Put(ctx, store.Grants, store.Document{ID: "g-1", Body: []byte(`{"user":"u-42"}`)})
	fmt.Println(version > 0, err)

	docs, err := backend.Get(ctx, store.Grants, "g-1", "g-2")
	for _, doc := range docs {
		fmt.Printf("%s %q %v\n", doc.ID, doc.Body, doc.Version > 0)
	}
	fmt.Println(err)
	// Output:
	// true <nil>
	// g-1 "{\"user\":\"u-42\"}" true
	// g-2 "" false
	// <nil>
}

// A compare-and-swap loop: what another one writes between the reading and the
// writing isn't lost, but read in the next round.
func ExampleBackend() {
	ctx := context.Background()
	var backend store.Backend = store.NewMemory()

	// accept takes a time step once, on however many requests at once.
	accept := func(step int) error {
		for {
			docs, err := backend.Get(ctx, store.Accounts, "u-42")
			if err != nil {
				return err
			}
			doc, last := docs[0], 0
			if doc.Version != 0 {
				if err := json.Unmarshal(doc.Body, &last); err != nil {
					return err
				}
			}
			if step <= last {
				return errors.New("replayed")
			}
			doc.Body = fmt.Append(nil, step)
			if _, err = backend.Put(ctx, store.Accounts, doc); !errors.Is(err, store.ErrConflict) {
				return err
			}
		}
	}
	fmt.Println(accept(58_000_000))
	fmt.Println(accept(58_000_000))
	// Output:
	// <nil>
	// replayed
}

func TestMemoryConforms(t *testing.T) {
	storetest.Run(t, func(*testing.T) storetest.Subject {
		return storetest.Subject{Handles: []store.Backend{store.NewMemory()}}
	})
}

func TestMemoryListsByID(t *testing.T) {
	ctx, m := t.Context(), store.NewMemory()
	for _, id := range []string{"c", "a", "d", "b"} {
		expect.Try(m.Put(ctx, store.Accounts, store.Document{ID: id, Body: []byte("{}")})).OrFail(t)
	}
	page, next, err := m.List(ctx, store.Accounts, "a", 2)
	if err != nil || len(page) != 2 || page[0].ID != "b" || page[1].ID != "c" || next != "c" {
		t.Errorf("got %v, %q, %v, want b and c, and to go on after c", page, next, err)
	}
}
