package storetest_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/storetest"
)

// A backend's own test is no more than this. Where several nodes can share the
// storage, hand over two or more connections to it.
func ExampleRun() {
	test := func(t *testing.T) { // func TestBackend(t *testing.T)
		storetest.Run(t, func(t *testing.T) storetest.Subject {
			return storetest.Subject{Handles: []store.Backend{store.NewMemory()}}
		})
	}
	_ = test
}

// Backends that keep the contract must pass, each clause in the storage of all.
func TestConforming(t *testing.T) {
	s := subject(func(*fake) {})
	for range 2 {
		storetest.Run(t, func(*testing.T) storetest.Subject { return s })
	}
	for _, clause := range storetest.Clauses() {
		if err := storetest.Check(clause, s, time.Minute); err != nil {
			t.Errorf("%s: got %v: want the fake to have all that the clauses need", clause, err)
		}
	}
}

// TestBroken proves that each clause can fail: every backend here breaks the
// contract in one way, and the suite must say so by the clauses' names, and of no
// other clause.
func TestBroken(t *testing.T) {
	var all []string
	for _, b := range broken {
		all = append(all, strings.Fields(b.fails)...)
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			for _, clause := range storetest.Clauses() {
				must, may := slices.Contains(strings.Fields(b.fails), clause), b.may == "*" || slices.Contains(strings.Fields(b.may), clause)
				err := storetest.Check(clause, subject(b.breaks), 4*time.Second)
				for n := 0; n < 9 && must && err == nil; n++ { // a race may happen to go well
					err = storetest.Check(clause, subject(b.breaks), 4*time.Second)
				}
				if err != nil && !must && !may { // on a slow machine it may need more time
					err = storetest.Check(clause, subject(b.breaks), time.Minute)
				}
				switch failed := err != nil; {
				case failed && !must && !may:
					t.Errorf("a violation of %s, which it keeps: %v", clause, err)
				case !failed && must:
					t.Errorf("%s: got %v, want a violation", clause, err)
				case failed && testing.Verbose():
					t.Log(clause, err)
				}
			}
		})
	}
	for _, clause := range storetest.Clauses() {
		if !slices.Contains(all, clause) {
			t.Errorf("no backend here breaks %s", clause)
		}
	}
	for _, clause := range all {
		if !slices.Contains(storetest.Clauses(), clause) {
			t.Errorf("there is no clause %s", clause)
		}
	}
}

// A backend that leaves its lock behind hangs: that must be a failure, with a name.
func TestHanging(t *testing.T) {
	hang := make(chan struct{})
	defer close(hang)
	s := subject(func(f *fake) { f.put = func(ctx, kind, doc) (uint64, error) { <-hang; return 0, errBroken } })
	err := storetest.Check("Put/due", s, 100*time.Millisecond)
	if want := "a method hasn't returned after 100ms"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %s ...", err, want)
	}
}
