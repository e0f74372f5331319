package records_test

import (
	"context"
	"errors"
	"testing"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/store"
)

// A mindful backend knows documents from before.
type mindful struct {
	*store.Memory
	known map[string]store.Document // by ID
	reads int
}

func (m *mindful) Get(ctx context.Context, kind store.Kind, ids ...string) ([]store.Document, error) {
	m.reads++
	return m.Memory.Get(ctx, kind, ids...)
}

// remember has what is stored now be what is known from before, from now on.
func (m *mindful) remember(t *testing.T, kind store.Kind, id string) {
	t.Helper()
	docs := expect.Try(m.Memory.Get(t.Context(), kind, id)).OrFail(t)
	m.known[id] = docs[0]
	m.reads = 0
}

func (m *mindful) Earlier(_ context.Context, _ store.Kind, id string) (store.Document, bool) {
	doc, ok := m.known[id]
	return doc, ok
}

// An update goes by what the request has read before only if that is still so when it
// writes: one that comes too late, or would change nothing, looks again.
func TestUpdateOfWhatWasReadBefore(t *testing.T) {
	t.Parallel()
	errEnough := errors.New("enough failures")
	// Each is one more failure, up to three.
	count := func(a *records.Account) error {
		if a.Failures >= 3 {
			return errEnough
		}
		a.Failures++
		return nil
	}
	for _, tt := range []struct {
		name         string
		before, then int // failures, when the request has read and when it writes
		want         int
		wantErr      error
		wantReads    int
	}{
		{"nothing has changed", 1, 1, 2, nil, 0},
		{"another writer came first", 0, 1, 2, nil, 1},
		{"another writer came first, and it may not be changed any more", 2, 3, 3, errEnough, 1},
		{"it mustn't be changed", 3, 3, 3, errEnough, 1},
		{"it may be changed again", 3, 1, 2, nil, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := &mindful{Memory: store.NewMemory(), known: make(map[string]store.Document)}
			r := records.New(m, newKeyring(t, key))
			beside := records.New(m.Memory, newKeyring(t, key)) // as another request
			set := func(failures int) {
				err := beside.UpdateAccount(t.Context(), "u", func(a *records.Account) error { a.Failures = failures; return nil })
				expect.NoError(t, err)
			}
			set(tt.before)
			m.remember(t, store.Accounts, "u")
			if tt.then != tt.before {
				set(tt.then)
			}
			expect.Is(t, r.UpdateAccount(t.Context(), "u", count), tt.wantErr)
			expect.Equal(t, m.reads, tt.wantReads, "reads")
			a, err := beside.Account(t.Context(), "u")
			if err != nil || a.Failures != tt.want {
				t.Errorf("got %d failures, %v, want %d", a.Failures, err, tt.want)
			}
		})
	}
}

// A record that was missing before may be there now.
func TestUpdateOfWhatWasMissingBefore(t *testing.T) {
	t.Parallel()
	m := &mindful{Memory: store.NewMemory(), known: make(map[string]store.Document)}
	r := records.New(m, newKeyring(t, key))
	rename := func(g *records.Grant) error { g.UserID = "other"; return nil }
	m.remember(t, store.Grants, "g")
	expect.Is(t, r.UpdateGrant(t.Context(), "g", rename), records.ErrNotFound, "missing still")
	expect.NoError(t, records.New(m.Memory, newKeyring(t, key)).CreateGrant(t.Context(), grant()))
	expect.NoError(t, r.UpdateGrant(t.Context(), "g", rename), "made meanwhile")
	expect.Equal(t, expect.Try(r.Grant(t.Context(), "g")).OrFail(t).UserID, "other")
}
