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
// are about, so that
//
//	go test -run 'TestBackend/Put'
//
// checks Put. Only Handles is required. More than one handle shows caches and locks
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
	// would have it: with its own connections and caches. The clauses write through
	// one and read through another, and the races go through all at once.
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
			switch err, why := c.judge(t.Context(), open(t), patience), skipped(""); {
			case errors.As(err, &why):
				t.Logf("doesn't apply: %s", string(why))
			case err != nil:
				t.Error(err)
			}
		})
	}
}

// TestStore checks a backend outside of a test. It returns nil if the backend keeps
// the contract, and otherwise joins a [*Violation] for each clause that it breaks.
func TestStore(s Subject) error {
	var violations []error
	for _, c := range clauses {
		if err, why := c.judge(context.Background(), s, patience), skipped(""); !errors.As(err, &why) {
			violations = append(violations, err)
		}
	}
	return errors.Join(violations...)
}

// A Violation is a clause of the contract that a backend breaks.
type Violation struct {
	Clause string // the name of the subtest, such as "Put/race"
	Err    error  // what the backend did, and what it must do
}

func (v *Violation) Error() string { return v.Clause + ": " + v.Err.Error() }

// Unwrap returns v.Err.
func (v *Violation) Unwrap() error { return v.Err }

// A clause is one thing that the contract asks for.
type clause struct {
	name  string
	check func(*trial)
}

// skipped, as a clause's error, says why it can't be checked.
type skipped string

func (s skipped) Error() string { return string(s) }

// The fault clauses come last, as handles may keep broken connections after them.
var clauses = slices.Concat(getClauses, putClauses, raceClauses, deleteClauses,
	dueClauses, deleteDueClauses, listClauses, contextClauses, watchClauses, faultClauses)

// patience is the time that a clause may take, so that a backend that hangs fails
// by the clause's name.
const patience = time.Minute

func (c clause) judge(ctx context.Context, s Subject, patience time.Duration) error {
	if len(s.Handles) == 0 {
		return &Violation{c.name, errors.New("Subject.Handles is empty: there is no backend to check")}
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
	case <-time.After(patience * 5 / 4): // later than the context's end, which may free the backend
		return &Violation{c.name, fmt.Errorf("a method hasn't returned after %v, though its context has ended: "+
			"no method may hang, nor leave a lock or a transaction behind", patience)}
	}
	if why := skipped(""); t.err == nil || errors.As(t.err, &why) {
		return t.err
	}
	return &Violation{c.name, t.err}
}
