package sqlstore_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/eagate/eagate/store"
)

// An update stores whatever it changes, in any combination, and nothing else.
func TestUpdateOfSomeColumns(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		db := d.open(t)
		s := open(t, db, d.dialect)
		for n := range 128 { // more combinations than there are statements kept for
			var want store.Account
			err := s.UpdateAccount(t.Context(), "u", func(a *store.Account) error {
				text := strconv.Itoa(n)
				for i, set := range []func(){
					func() { a.Email = text },
					func() { a.Factor.Secret = []byte(text) },
					func() { a.LockedUntil = time.Unix(int64(n), 0).UTC() },
					func() { a.Factor.Period = time.Duration(n) * time.Second },
					func() { a.Push.Sent = append(a.Push.Sent, time.Unix(int64(n), 0).UTC()) },
					func() { a.Staged = &store.Staged{Binding: text} },
					func() { a.Epoch = uint64(n) },
				} {
					if n>>i&1 == 1 {
						set()
					}
				}
				want = a.Clone()
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			want.Version++
			got, err := s.Account(t.Context(), "u")
			if err != nil || !equal(got, want) {
				t.Fatalf("combination %d: got %+v, %v, want %+v", n, got, err, want)
			}
		}
	})
}

// What an update doesn't change isn't written. Nobody may change a row without
// counting its version up; here it shows.
func TestUpdateLeavesColumnsAlone(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		db := d.open(t)
		s := open(t, db, d.dialect)
		for _, by := range []string{"nobody", "hand"} {
			if err := s.UpdateAccount(t.Context(), "u", func(a *store.Account) error {
				exec(t, db, "UPDATE eagate_accounts SET push_live = '"+by+"'")
				a.Failures++
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		got, err := column(db, "SELECT push_live FROM eagate_accounts")
		if err != nil || !slices.Equal(got, []string{"hand"}) {
			t.Errorf("got %q, %v, want what was there", got, err)
		}
	})
}
