package apptest

import (
	"context"
	"encoding/base32"
	"fmt"
	"log/slog"
	"testing"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/keyring"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/store"
)

// Records returns what the store holds, beside the gate.
func (w *World) Records(t testing.TB) *records.Records { return records.New(w.Store, Keys(t)) }

// DecodeChallenge returns the challenge that a document holds.
func DecodeChallenge(t testing.TB, doc store.Document) records.Challenge {
	t.Helper()
	c := expect.Try(lone(t, store.Challenges, doc).Challenge(context.Background(), doc.ID)).OrFail(t)
	return c
}

// DecodeGrant returns the grant that a document holds.
func DecodeGrant(t testing.TB, doc store.Document) records.Grant {
	t.Helper()
	g := expect.Try(lone(t, store.Grants, doc).Grant(context.Background(), doc.ID)).OrFail(t)
	return g
}

// DecodeAccount returns the account that a document holds.
func DecodeAccount(t testing.TB, doc store.Document) records.Account {
	t.Helper()
	a := expect.Try(lone(t, store.Accounts, doc).Account(context.Background(), doc.ID)).OrFail(t)
	return a
}

// lone returns records of which there is one.
func lone(t testing.TB, kind store.Kind, doc store.Document) *records.Records {
	t.Helper()
	m := store.NewMemory()
	doc.Version = 0
	expect.Try(m.Put(context.Background(), kind, doc)).OrFail(t)
	return records.New(m, Keys(t))
}

// Account returns what the store holds of a user.
func (w *World) Account(t testing.TB, email string) records.Account {
	t.Helper()
	a := expect.Try(w.Records(t).Account(t.Context(), UserID(email))).OrFail(t)
	return a
}

// ChangeAccount changes what the store holds of a user.
func (w *World) ChangeAccount(t testing.TB, email string, change func(*records.Account)) {
	t.Helper()
	err := w.Records(t).UpdateAccount(t.Context(), UserID(email), func(a *records.Account) error {
		change(a)
		return nil
	})
	expect.NoError(t, err)
}

// ClaimAddress claims an e-mail address for an account that a test has written itself.
func ClaimAddress(ctx context.Context, r *records.Records, userID, email string) error {
	return r.UpdateAddress(ctx, email, func(a *records.Address) error {
		a.UserID = userID
		return nil
	})
}

// Keys are what the gate seals with.
func Keys(t testing.TB) *keyring.Keyring {
	t.Helper()
	k := expect.Try(keyring.New(Key)).OrFail(t)
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
	plain := expect.Try(Keys(t).Open(w.Account(t, email).Factor.Secret, factor.SecretPurpose, UserID(email))).OrFail(t)
	return plain
}

// Base32 writes a secret as people and the service see it.
func Base32(secret []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}

// Sync is one pass of a node that has just started, which reports to the service
// what is due.
func (w *World) Sync(t testing.TB, opts ...client.Option) {
	t.Helper()
	c := w.Emulator.Client(opts...)
	r, err := factor.New(factor.Config{
		Records: w.Records(t), Service: c, Keys: Keys(t), Issuer: "Acme", ClientID: c.ClientID(),
		SecretOnDisable: c.SecretOnDisable(), Now: w.Clock.Now,
		Log: slog.New(slog.NewJSONHandler(w.Log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	expect.NoError(t, err)
	expect.NoError(t, r.SyncDue(t.Context()))
}

// WrongCode is none of the codes that could be taken now.
func (w *World) WrongCode(t testing.TB, phone *emulator.Phone) string {
	t.Helper()
	right := make(map[string]bool)
	for d := -11 * Step; d <= 11*Step; d += Step {
		code := expect.Try(phone.CodeAt(w.Clock.Now().Add(d))).OrFail(t)
		right[code] = true
	}
	for n := 0; ; n++ {
		if code := fmt.Sprintf("%06d", n); !right[code] {
			return code
		}
	}
}
