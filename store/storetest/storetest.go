// Package storetest checks a [store.Backend] against its contract, including races and
// faults. The test of a backend opens it and passes it to Run:
//
//	func TestBackend(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) storetest.Subject {
//			closed := open(t, dsn)
//			closed.Close()
//			return storetest.Subject{
//				Handles:     []store.Backend{open(t, dsn), open(t, dsn)},
//				Unreachable: closed,
//				Kill: func() error {
//					_, err := admin.Exec(`SELECT pg_terminate_backend(pid)
//						FROM pg_stat_activity WHERE application_name = 'eagate-test'`)
//					return err
//				},
//			}
//		})
//	}
//
// Each clause of the contract is a subtest, and a failure says what the backend did and
// what it must do. Clauses are named after methods: go test -run TestBackend/Put checks
// Put. Only Handles is required. More than one handle reveals caches and locks that work
// in one process only. Unreachable adds the clause Fault/unreachable; Kill adds the other
// Fault clauses and Watch/broken. The Watch clauses run if the last handle is a
// [store.Watcher] that doesn't return [errors.ErrUnsupported].
package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/eagate/eagate/store"
)

// A Subject is a backend under test.
//
// Its storage need not be empty, because the clauses use random kinds and IDs, but
// nothing else may use it during the test.
type Subject struct {
	// Handles are one or more handles to the same data, each like that of one node,
	// with its own connections and caches. The calls of a clause alternate between
	// them.
	Handles []store.Backend

	// Unreachable is a handle whose storage can't be reached, such as a closed one. It
	// checks that a fault differs from a missing document. A backend without faults
	// doesn't need it.
	Unreachable store.Backend

	// Kill breaks all connections of the handles to their storage, as a restart of the
	// server would, and returns when new ones can be made. It is called between calls
	// and during calls, but never concurrently. It checks the result of interrupted
	// writes. A backend without connections doesn't need it.
	Kill func() error
}

// Run checks a backend, with a subtest for each clause of the contract. It calls open for
// each of them; the storage may hold documents of earlier ones.
func Run(t *testing.T, open func(t *testing.T) Subject) {
	t.Helper()
	for _, c := range clauses {
		t.Run(c.name, func(t *testing.T) {
			if err := c.judge(t.Context(), open(t), patience); errors.Is(err, errSkipped) {
				t.Log(err)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

// A clause is one thing that the contract asks for.
type clause struct {
	name  string
	check func(*trial)
}

// The fault clauses come last, as handles may keep broken connections after them.
var clauses = slices.Concat(documentClauses, dueClauses, listClauses, raceClauses,
	methodClauses(), watchClauses, faultClauses)

// patience is the time that a clause may take, so that a backend that hangs fails
// by the clause's name.
const patience = time.Minute

// judge returns how the backend breaks the clause, or errSkipped.
func (c clause) judge(ctx context.Context, s Subject, patience time.Duration) error {
	if len(s.Handles) == 0 {
		return errors.New("Subject.Handles is empty: there is no backend to check")
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	t := &trial{Subject: s, ctx: ctx, kind: newKind(), soon: patience / 20, failed: make(chan struct{})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.check(t)
	}()
	select {
	case <-done:
		return t.err
	case <-time.After(patience * 5 / 4): // later than the context's end, which may free the backend
		return fmt.Errorf("a method hasn't returned after %v, though its context has ended: "+
			"no method may hang, nor leave a lock or a transaction behind", patience)
	}
}
