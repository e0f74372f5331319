package records_test

import (
	"testing"
	"time"

	"github.com/eagate/eagate/internal/keyring"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/store"
)

func TestX(t *testing.T) {
	keys, err := keyring.New([]byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	m := store.NewMemory()
	r := records.New(m, keys)
	now := time.Now()
	if err := r.UpdateAccount(t.Context(), "u", func(a *records.Account) error {
		a.State, a.Email = records.On, "a@b"
		a.Factor = records.Factor{Secret: []byte("x"), Digits: 6, Period: 30 * time.Second, Algorithm: "SHA1"}
		a.Push.Sent = append(a.Push.Sent, now.UTC())
		a.Devices = append(a.Devices, records.Device{ID: "x", Method: records.MethodPush})
		a.Sync.Wanted = 1
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	docs, err := m.Get(t.Context(), store.Accounts, "u")
	t.Logf("%s %v", docs[0].Body, docs[0].Due)
	a, err := r.Account(t.Context(), "u")
	t.Logf("%+v %v", a, err)
}
