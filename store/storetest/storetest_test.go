package storetest_test

import (
	"testing"

	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/storetest"
)

func TestMemory(t *testing.T) {
	storetest.Run(t, func(*testing.T) storetest.Subject {
		return storetest.Subject{Handles: []store.Backend{store.NewMemory()}}
	})
}
