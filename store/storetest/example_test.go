package storetest_test

import (
	"fmt"
	"testing"

	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/storetest"
)

// A store's own test is no more than this. Where several nodes can share the
// storage, hand over two or more connections to it.
func ExampleRun() {
	test := func(t *testing.T) { // func TestStore(t *testing.T)
		storetest.Run(t, func(t *testing.T) storetest.Subject {
			return storetest.Subject{Handles: []store.Store{store.NewMemory()}}
		})
	}
	_ = test
}

func ExampleTestStore() {
	s := storetest.Subject{Handles: []store.Store{store.NewMemory()}}
	fmt.Println(storetest.TestStore(s))
	// Output: <nil>
}
