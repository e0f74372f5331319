package factor_test

import (
	"context"
	"testing"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/store"
)

// A slowAnswer is a store whose next answer to a change of an account waits, after the
// change, for what else happens to that account: then a change is made, but says that it
// wasn't.
type slowAnswer struct {
	store.Backend
	meanwhile func()
	lost      bool
}

func (s *slowAnswer) Put(ctx context.Context, kind store.Kind, doc store.Document) (uint64, error) {
	version, err := s.Backend.Put(ctx, kind, doc)
	if kind != store.Accounts {
		return version, err
	}
	if s.lost {
		return 0, errDown
	}
	if f := s.meanwhile; f != nil {
		s.meanwhile = nil
		f()
	}
	return version, err
}

// A node that hears late what it has written doesn't take that for the present state, where
// it may have changed the account since.
func TestLateAnswerToAChange(t *testing.T) {
	w := newWorld(t)
	slow := &slowAnswer{Backend: w.store.Backend}
	w.store.Backend = slow
	r := w.node(t)
	_, secret := w.enrol(t, r, alice)
	if verdict, _, err := r.Check(t.Context(), alice.ID, secret); verdict != factor.Verified || err != nil { // remembers the grant
		t.Fatalf("got %v, %v, want verified", verdict, err)
	}
	slow.meanwhile = func() {
		slow.lost = true
		expect.Is(t, r.Reset(t.Context(), alice.ID, "test"), errDown)
		slow.lost = false
	}
	expect.NoError(t, r.PasswordChanged(t.Context(), alice.ID))
	if slow.meanwhile != nil {
		t.Fatal("the account wasn't changed")
	}
	if verdict, _, err := r.Check(t.Context(), alice.ID, secret); verdict == factor.Verified || err != nil {
		t.Errorf("got %v, %v for what was verified before the reset", verdict, err)
	}
}
