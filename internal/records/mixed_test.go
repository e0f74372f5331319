package records_test

import (
	"context"
	"strings"
	"testing"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/store"
)

// A folding store takes IDs that differ in letter case for one, as a column with an
// unsuitable collation does.
type folding struct{ store.Backend }

func (f folding) Get(ctx context.Context, kind store.Kind, ids ...string) ([]store.Document, error) {
	folded := make([]string, len(ids))
	for i, id := range ids {
		folded[i] = strings.ToLower(id)
	}
	return f.Backend.Get(ctx, kind, folded...)
}

// A good record of another ID isn't taken for the one that was asked for.
func TestMixedUpIDs(t *testing.T) {
	m := store.NewMemory()
	keys := newKeyring(t, key)
	whole, mixed := records.New(m, keys), records.New(folding{m}, keys)
	expect.NoError(t, whole.UpdateAccount(t.Context(), "bob", func(a *records.Account) error { return nil }))
	if a, err := mixed.Account(t.Context(), "Bob"); err == nil {
		t.Errorf("got the account of %q, want an error", a.UserID)
	}
	seen := []records.Seen{{ID: "Bob", Version: 1 << 53}}
	err := mixed.ReadAccounts(t.Context(), seen, func(_ int, a records.Account, _ error) { t.Errorf("got the account of %q", a.UserID) })
	if err == nil {
		t.Error("several: got no error")
	}
	if a, err := mixed.Account(t.Context(), "bob"); err != nil || a.Version == 0 {
		t.Errorf("the same ID: got version %d, %v", a.Version, err)
	}
}
