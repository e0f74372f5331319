// Package storetest checks a [store.Backend] against its contract, races and
// faults included. A backend's own test opens it and hands it over:
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
// Each clause of the contract is a subtest of its own, and a failure says what the
// backend did and what it must do instead. The clauses go by the methods that they
// are about, so that go test -run TestBackend/Put checks Put. Only Handles is required. More than one handle shows caches and locks
// that work in one process only; Unreachable brings in Fault/unreachable; Kill brings
// in the other Fault clauses and Watch/broken. The Watch clauses are checked where
// the last handle is a [store.Watcher] that doesn't return [errors.ErrUnsupported].
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
// Its storage need not be empty, for the clauses use random kinds and IDs. But
// nobody else may use it meanwhile.
type Subject struct {
	// Handles are one or more ways to the same data, each as one node of a service
	// would have it: with its own connections and caches. Each call of a clause
	// goes through another one than the call before.
	Handles []store.Backend

	// Unreachable is a handle whose storage can't be reached, such as one that was
	// closed. Without it, nothing checks that a fault differs from a missing document;
	// a backend that has no faults doesn't need it.
	Unreachable store.Backend

	// Kill breaks all connections that the handles have to their storage, as a
	// restart of the server would, and returns when new ones can be made. It is called
	// between calls and while they run, but never twice at once. Without it, nothing
	// checks what becomes of a write that breaks off; a backend without connections
	// doesn't need it.
	Kill func() error
}

// Run checks a backend, each clause of the contract in a subtest. It calls open for
// each of them; what open returns may hold the documents of earlier ones.
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
