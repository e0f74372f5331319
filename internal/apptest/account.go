package apptest

import (
	"encoding/base32"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/store"
)

// UserID is the ID of the user with that address.
func UserID(email string) string { return "id of " + email }

// Account returns what the store holds of a user.
func (w *World) Account(t testing.TB, email string) store.Account {
	t.Helper()
	a, err := w.Store.Account(t.Context(), UserID(email))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// ChangeAccount changes what the store holds of a user. change must not ask the
// store.
func (w *World) ChangeAccount(t testing.TB, email string, change func(*store.Account)) {
	t.Helper()
	err := w.Store.UpdateAccount(t.Context(), UserID(email), func(a *store.Account) error {
		change(a)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Keys are what the gate seals with.
func Keys(t testing.TB) *factor.Keyring {
	t.Helper()
	k, err := factor.NewKeyring(Key)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// Seal seals a TOTP secret as the gate does.
func Seal(t testing.TB, secret []byte, email string) []byte {
	t.Helper()
	return Keys(t).Seal(secret, factor.SecretPurpose, UserID(email))
}

// Secret returns the TOTP secret in force in plain.
func (w *World) Secret(t testing.TB, email string) []byte {
	t.Helper()
	plain, err := Keys(t).Open(w.Account(t, email).Factor.Secret, factor.SecretPurpose, UserID(email))
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

// Base32 writes a secret as people and the service see it.
func Base32(secret []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}

// Sync is one pass of a node that has just started, which tells the service of
// what is due.
func (w *World) Sync(t testing.TB, opts ...client.Option) {
	t.Helper()
	c := w.Emulator.Client(opts...)
	r, err := factor.New(factor.Config{
		Store: w.Store, Service: c, Keys: Keys(t), Issuer: "Acme", ClientID: c.ClientID(),
		SecretOnDisable: c.SecretOnDisable(), Now: w.Clock.Now,
		Log: slog.New(slog.NewJSONHandler(w.Log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.SyncDue(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// WrongCode is none of the codes that could be taken now.
func (w *World) WrongCode(t testing.TB, phone *emulator.Phone) string {
	t.Helper()
	right := make(map[string]bool)
	for _, d := range []time.Duration{-Step, 0, Step} {
		code, err := phone.CodeAt(w.Clock.Now().Add(d))
		if err != nil {
			t.Fatal(err)
		}
		right[code] = true
	}
	for n := 0; ; n++ {
		if code := fmt.Sprintf("%06d", n); !right[code] {
			return code
		}
	}
}
