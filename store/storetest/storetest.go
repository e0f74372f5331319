// Package storetest checks a [store.Store] against its contract, races
// included. A store's own test opens the store and hands it over:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) storetest.Subject {
//			dsn := filepath.Join(t.TempDir(), "test.db")
//			return storetest.Subject{
//				Handles: []store.Store{open(t, dsn), open(t, dsn)},
//			}
//		})
//	}
//
// Over a server it may take a minute or more: give the pools as many idle connections
// as they may open, and the test some time (-timeout). The fields of [Subject] say
// what else it can check, faults above all.
//
// Each clause of the contract is a subtest of its own, and a failure says what
// the store did and what it must do instead. The clauses go by the records and
// methods that they are about, so that
//
//	go test -run 'TestStore/UpdateAccount'
//
// runs those on one method.
//
// A store with connections to a server should also say how to break them:
//
//	Kill: func() error {
//		_, err := admin.Exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
//			WHERE application_name = 'eagate-test'`)
//		return err
//	}
//
// and then the clauses Fault/between-calls, Fault/in-update and Fault/race check
// that no update is lost or stored twice by a broken connection, and that the
// store connects again by itself.
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

// A Subject is a store under test.
//
// Its storage need not be empty: the clauses use random IDs. But nobody else
// may use it meanwhile, and challenges and grants that expire within the next
// hour are deleted.
type Subject struct {
	// Handles are one or more ways to the same data, each as one node of a
	// service would have it: with its own connections and its own caches. The
	// clauses write through one and read through another, and the races go
	// through all at once.
	Handles []store.Store

	// Unreachable is a handle whose storage can't be reached, such as one that
	// was closed. Without it, nothing checks that a fault is told apart from a
	// missing record; a store that can't have faults has no need of it.
	Unreachable store.Store

	// Kill breaks all connections that the handles have to their storage, as a
	// restart of the server would, and returns when new ones can be made: by a
	// command to the server, say, or by closing them where they are dialled. It is
	// called between calls and within updates, but never twice at once. Without
	// it, nothing checks what becomes of an update that breaks off; a store
	// without connections has no need of it.
	Kill func() error

	// SelfExpiring says that the store forgets challenges and grants by itself,
	// by the wall clock, and that its DeleteExpired therefore may do nothing.
	SelfExpiring bool
}

// Run checks a store, each clause of the contract in a subtest. It calls open
// for each of them; what open returns may hold the records of earlier ones.
func Run(t *testing.T, open func(t *testing.T) Subject) {
	t.Helper()
	for _, c := range clauses {
		t.Run(c.name, func(t *testing.T) {
			err := c.judge(t.Context(), open(t), patience)
			if why := skipped(""); errors.As(err, &why) {
				t.Logf("doesn't apply: %s", string(why))
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

// TestStore checks a store outside of a test. It returns nil if the store keeps
// the contract, and otherwise joins a [*Violation] for each clause that it
// breaks.
func TestStore(s Subject) error {
	var violations []error
	for _, c := range clauses {
		err := c.judge(context.Background(), s, patience)
		if why := skipped(""); err != nil && !errors.As(err, &why) {
			violations = append(violations, err)
		}
	}
	return errors.Join(violations...)
}

// A Violation is a clause of the contract that a store breaks.
type Violation struct {
	Clause string // the name of the subtest, such as "UpdateAccount/lost-update"
	Err    error  // what the store did, and what it must do
}

func (v *Violation) Error() string { return v.Clause + ": " + v.Err.Error() }

// Unwrap returns v.Err.
func (v *Violation) Unwrap() error { return v.Err }

// A clause is one thing that the contract asks for.
type clause struct {
	name  string
	check func(ctx context.Context, s Subject) error
}

// skipped, as a clause's error, says why it can't be checked.
type skipped string

func (s skipped) Error() string { return string(s) }

var clauses = slices.Concat(
	accounts.clauses(), accounts.updateClauses(), accountClauses,
	challenges.clauses(), challenges.createClauses(), challenges.updateClauses(), challengeClauses,
	grants.clauses(), grants.createClauses(), grants.updateClauses(), grantClauses,
	sharingClauses, unsyncedClauses, listClauses, expiryClauses, handleClauses, faultClauses, killClauses,
)

// patience is the time that a clause may take, so that a store that hangs fails
// by the clause's name.
const patience = time.Minute

func (c clause) judge(ctx context.Context, s Subject, patience time.Duration) error {
	if len(s.Handles) == 0 {
		return &Violation{c.name, errors.New("Subject.Handles is empty: there is no store to check")}
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- c.check(ctx, s) }()
	select {
	case err := <-done:
		if why := skipped(""); err == nil || errors.As(err, &why) {
			return err
		}
		return &Violation{c.name, err}
	case <-time.After(patience * 5 / 4): // later than the context's end, which may free the store
		return &Violation{c.name, fmt.Errorf("a method hasn't returned after %v, though its context has ended: "+
			"no method may hang, nor leave a lock or a transaction behind", patience)}
	}
}

// first returns the handle to write through, and last the one to read through.
func (s Subject) first() store.Store { return s.Handles[0] }
func (s Subject) last() store.Store  { return s.Handles[len(s.Handles)-1] }

func (s Subject) kill() error {
	if err := s.Kill(); err != nil {
		return fmt.Errorf("Subject.Kill returned the error %w", err)
	}
	return nil
}

// handle deals the handles out to goroutines.
func (s Subject) handle(i int) store.Store { return s.Handles[i%len(s.Handles)] }
