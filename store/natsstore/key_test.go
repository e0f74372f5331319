package natsstore_test

import (
	"regexp"
	"testing"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/natsstore"
)

// validKey is what the client of NATS takes as a key.
var validKey = regexp.MustCompile(`^[-/_=\.a-zA-Z0-9]+$`)

func TestKey(t *testing.T) {
	for _, test := range []struct{ id, want string }{
		{"alice", "account.alice"},
		{"alice@example.com", "account.alice=40example=2Ecom"},
		{"a b+c~d%e=f", "account.a=20b=2Bc=7Ed=25e=3Df"},
		{"*.>", "account.=2A=2E=3E"},
		{"ä", "account.=C3=A4"},
	} {
		expect.Equal(t, natsstore.DocKey(store.Accounts, test.id), test.want, "key of %q", test.id)
	}
	for _, key := range []string{"account.=", "account.", "account.a=61", "account.=2", "account.=zz", "account.=2a", "account.=00", "account.a.b", "grant.alice"} {
		expect.Equal(t, natsstore.DocID(store.Accounts, key), "", "ID of %s", key)
	}
}

func FuzzKey(f *testing.F) {
	f.Add("alice@example.com")
	f.Add("\x01\u2028~+% =")
	f.Fuzz(func(t *testing.T, id string) {
		if store.CheckID(id) != nil {
			return
		}
		key := natsstore.DocKey(store.Accounts, id)
		if got := natsstore.DocID(store.Accounts, key); got != id || !validKey.MatchString(key) {
			t.Errorf("key of %q: got %s, which gives %q", id, key, got)
		}
	})
}
