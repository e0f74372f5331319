package records_test

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/keyring"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/store"
)

var (
	key   = []byte("0123456789abcdef0123456789abcdef")
	other = []byte("another key of exactly 32 bytes!")
	at    = time.Date(2026, 11, 28, 12, 0, 0, 123456000, time.UTC)
)

func newKeyring(t testing.TB, keys ...[]byte) *keyring.Keyring {
	t.Helper()
	k := expect.Try(keyring.New(keys...)).OrFail(t)
	return k
}

func newRecords(t testing.TB) (*records.Records, *store.Memory) {
	t.Helper()
	m := store.NewMemory()
	return records.New(m, newKeyring(t, key)), m
}

// account is one with a value in every field.
func account() records.Account {
	factor := records.Factor{Secret: []byte{1, 2, 0xff}, Algorithm: "SHA1", Digits: 6, Period: 30, CodesOnly: true, AwaitsSync: true}
	return records.Account{
		UserID: "u-42", Email: "alice@example.com", State: records.On, Epoch: 1<<53 - 1, Era: 3, Factor: factor,
		Staged:    &records.Staged{Factor: factor, Email: "new@example.com", Binding: "binding", Browser: "browser", ExpiresAt: at, By: "b", At: at},
		OffBy:     "g",
		EnabledAt: at, LastStep: 60_000_000, EarlierSteps: []int64{59_999_998}, LastForm: records.Form{ID: "f", By: "b", At: at}, Proofs: []records.Proof{{Method: eagate.Push, At: at}}, Failures: 3, LockedUntil: at, RecoveryFailures: 4, RecoveryLockedUntil: at, RecoveryMade: []time.Time{at}, RecoveryMaker: "browser",
		WrongCodes: records.WrongCodes{Count: 3, Since: at, TellAt: at, ToldAt: at},
		Push:       records.Push{Live: "c", Reserved: "b", ReservedUntil: at, ReservedBy: "browser", Sent: []time.Time{at, at}, Unused: []time.Time{at}, Open: at, Unapproved: 2, PausedUntil: at, WarnedAt: at},
		Sync: records.Sync{
			Wanted: 3, Confirmed: 2, Since: at, ClaimedUntil: at, PacedUntil: at, NextAt: at, Attempts: 1, LastErr: `"quoted" 🔐`,
			Addresses: []string{"a@example.com"}, Retired: []byte{3},
		},
		Recovery:      &records.Recovery{Scheme: "scheme", Salt: []byte{4}, Hashes: [][]byte{{5}, {6}}, CreatedAt: at, Browser: "browser", KeptAt: at},
		Devices:       []records.Device{{ID: "d", Name: "Firefox", Method: eagate.Push, VerifiedAt: at, LastUsedAt: at, ExpiresAt: at, By: "b"}},
		RequiredSince: at, HeldSince: at, ReleasedAt: at,
	}
}

func challenge() records.Challenge {
	return records.Challenge{
		ID: "c", UserID: "u-42", Binding: "b", Browser: "browser", Epoch: 7, Era: 3, State: records.Approved, Mode: eagate.Popup, Number: "07",
		CreatedAt: at, DecidedAt: at, ExpiresAt: at, Ends: at, ForgetAt: at, GrantID: "g",
	}
}

func grant() records.Grant {
	return records.Grant{
		ID: "g", UserID: "u-42", Kind: records.KindMoved, Epoch: 7, Method: eagate.TrustedDevice, Binding: "b",
		Successor: "s", Form: "f", Sealed: []byte("sealed"), Left: []string{"l"}, Device: "d", VerifiedAt: at, ExpiresAt: at,
	}
}

// fillAll stores one record of each kind.
func fillAll(t testing.TB, r *records.Records) {
	t.Helper()
	ctx := t.Context()
	err := errors.Join(
		r.UpdateAccount(ctx, "u-42", func(a *records.Account) error { *a = account(); return nil }),
		r.CreateChallenge(ctx, challenge()),
		r.CreateGrant(ctx, grant()),
		r.UpdateAddress(ctx, "alice@example.com", func(a *records.Address) error {
			a.UserID, a.Since = "u-42", at
			return nil
		}),
	)
	expect.NoError(t, err)
}

// readAll reads what fillAll has stored, by kind.
func readAll(ctx context.Context, r *records.Records) map[store.Kind]error {
	_, a := r.Account(ctx, "u-42")
	_, c := r.Challenge(ctx, "c")
	_, g := r.Grant(ctx, "g")
	_, e := r.Address(ctx, "alice@example.com")
	return map[store.Kind]error{store.Accounts: a, store.Challenges: c, store.Grants: g, store.Addresses: e}
}

// idOf is the ID of fillAll's record of a kind.
func idOf(kind store.Kind) string {
	return map[store.Kind]string{
		store.Accounts: "u-42", store.Challenges: "c", store.Grants: "g", store.Addresses: records.AddressID("alice@example.com"),
	}[kind]
}

func TestEveryFieldIsKept(t *testing.T) {
	r, _ := newRecords(t)
	fillAll(t, r)
	filled := func(v any) {
		t.Helper()
		s := reflect.ValueOf(v)
		for i := range s.NumField() {
			switch name := s.Type().Field(i).Name; name {
			case "Unknown", "Stale", "Version":
			default:
				if s.Field(i).IsZero() {
					t.Errorf("%T.%s has no value in this test", v, name)
				}
			}
		}
	}
	a, err := r.Account(t.Context(), "u-42")
	want := account()
	want.Version = a.Version
	filled(want)
	filled(want.Push)
	filled(want.Sync)
	filled(*want.Staged)
	filled(*want.Recovery)
	filled(want.Devices[0])
	filled(want.Proofs[0])
	if err != nil || !reflect.DeepEqual(a, want) {
		t.Errorf("account: got %+v, %v, want %+v", a, err, want)
	}
	c, err := r.Challenge(t.Context(), "c")
	wantChallenge := challenge()
	wantChallenge.Version = c.Version
	filled(wantChallenge)
	if err != nil || !reflect.DeepEqual(c, wantChallenge) {
		t.Errorf("challenge: got %+v, %v, want %+v", c, err, wantChallenge)
	}
	g, err := r.Grant(t.Context(), "g")
	wantGrant := grant()
	wantGrant.Version = g.Version
	filled(wantGrant)
	if err != nil || !reflect.DeepEqual(g, wantGrant) {
		t.Errorf("grant: got %+v, %v, want %+v", g, err, wantGrant)
	}
	e, err := r.Address(t.Context(), " Alice@Example.COM")
	if err != nil || e.UserID != "u-42" || !e.Since.Equal(at) || e.Version == 0 {
		t.Errorf("address: got %+v, %v", e, err)
	}
}

func TestMissing(t *testing.T) {
	r, m := newRecords(t)
	ctx := t.Context()
	if a, err := r.Account(ctx, "u"); err != nil || !reflect.DeepEqual(a, records.Account{UserID: "u"}) {
		t.Errorf("account: got %+v, %v, want the zero one", a, err)
	}
	if a, err := r.Address(ctx, "a@b"); err != nil || !reflect.DeepEqual(a, records.Address{ID: records.AddressID("a@b")}) {
		t.Errorf("address: got %+v, %v, want the zero one", a, err)
	}
	never := func() { t.Error("change was called") }
	for name, err := range map[string]error{
		"Challenge":       second(r.Challenge(ctx, "c")),
		"Grant":           second(r.Grant(ctx, "g")),
		"UpdateChallenge": r.UpdateChallenge(ctx, "c", func(*records.Challenge) error { never(); return nil }),
		"UpdateGrant":     r.UpdateGrant(ctx, "g", func(*records.Grant) error { never(); return nil }),
	} {
		expect.Is(t, err, records.ErrNotFound, name)
	}
	expect.NoError(t, r.DeleteGrant(ctx, "g"), "DeleteGrant")
	refused := errors.New("refused")
	expect.Equal(t, r.UpdateAccount(ctx, "u", func(a *records.Account) error { a.State = records.On; return refused }), refused)
	if err := r.UpdateAccount(ctx, "u", func(a *records.Account) error { a.State = records.On; return records.ErrUnchanged }); err != nil {
		t.Errorf("unchanged: got %v, want no error", err)
	}
	if docs, _, err := m.List(ctx, store.Accounts, "", 1); err != nil || len(docs) > 0 {
		t.Errorf("got %v, %v, want nothing stored", docs, err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestCreateTwice(t *testing.T) {
	r, _ := newRecords(t)
	fillAll(t, r)
	expect.Is(t, r.CreateChallenge(t.Context(), challenge()), records.ErrExists, "challenge")
	expect.Is(t, r.CreateGrant(t.Context(), grant()), records.ErrExists, "grant")
}

// Updates at once lose nothing, and a one-time change happens once.
func TestUpdatesAtOnce(t *testing.T) {
	r, _ := newRecords(t)
	var (
		wg       sync.WaitGroup
		mu       sync.Mutex
		accepted int
		replayed = errors.New("replayed")
	)
	for range 20 {
		wg.Go(func() {
			if err := r.UpdateAccount(t.Context(), "u", func(a *records.Account) error { a.Failures++; return nil }); err != nil {
				t.Error(err)
			}
			err := r.UpdateAccount(t.Context(), "u", func(a *records.Account) error {
				if a.LastStep >= 7 {
					return replayed
				}
				a.LastStep = 7
				return nil
			})
			if err == nil {
				mu.Lock()
				defer mu.Unlock()
				accepted++
			} else if !errors.Is(err, replayed) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if a, err := r.Account(t.Context(), "u"); err != nil || a.Failures != 20 || accepted != 1 {
		t.Errorf("got %d failures, %v, and a code taken %d times, want 20 and once", a.Failures, err, accepted)
	}
}

func TestDue(t *testing.T) {
	r, m := newRecords(t)
	ctx := t.Context()
	for id, change := range map[string]func(*records.Account){
		"told":        func(a *records.Account) { a.Sync.Wanted, a.Sync.Confirmed, a.Sync.NextAt = 2, 2, at },
		"at once":     func(a *records.Account) { a.Sync.Wanted = 1 },
		"now":         func(a *records.Account) { a.Sync.Wanted, a.Sync.NextAt = 1, at },
		"wrong codes": func(a *records.Account) { a.WrongCodes.TellAt = at },
		"both": func(a *records.Account) {
			a.WrongCodes.TellAt = at.Add(time.Hour)
			a.Sync.Wanted, a.Sync.NextAt = 1, at
		},
		"both, but the later is the service's": func(a *records.Account) {
			a.WrongCodes.TellAt = at
			a.Sync.Wanted, a.Sync.NextAt = 1, at.Add(time.Hour)
		},
		"wrong codes, too soon": func(a *records.Account) { a.WrongCodes.TellAt = at.Add(time.Microsecond) },
		"too soon":              func(a *records.Account) { a.Sync.Wanted, a.Sync.NextAt = 1, at.Add(time.Microsecond) },
	} {
		expect.NoError(t, r.UpdateAccount(ctx, id, func(a *records.Account) error { change(a); return nil }))
	}
	if ids, err := r.DueAccounts(ctx, at, 10); err != nil || !reflect.DeepEqual(ids, []string{"at once", "both", "both, but the later is the service's", "now", "wrong codes"}) {
		t.Errorf("got %q, %v, want those that are due now", ids, err)
	}
	for i, id := range []string{"old", "young"} {
		until := at.Add(time.Duration(i) * time.Microsecond)
		err := errors.Join(
			r.CreateChallenge(ctx, records.Challenge{ID: id, ForgetAt: until}),
			r.CreateGrant(ctx, records.Grant{ID: id, ExpiresAt: until, Method: eagate.Push}),
		)
		expect.NoError(t, err)
	}
	if n, err := r.DeleteExpired(ctx, at, 10); n != 2 || err != nil {
		t.Errorf("got %d deleted, %v, want 2", n, err)
	}
	for _, kind := range []store.Kind{store.Challenges, store.Grants} {
		if docs, err := m.Get(ctx, kind, "old", "young"); err != nil || docs[0].Version != 0 || docs[1].Version == 0 {
			t.Errorf("%s: got %v, %v, want the young one alone", kind, docs, err)
		}
	}
}

// Epochs are never used again, not even for an account that was made anew.
func TestNewEpoch(t *testing.T) {
	seen := make(map[uint64]bool)
	for range 10_000 {
		e := records.NewEpoch()
		if e == 0 || e >= 1<<53 || seen[e] {
			t.Fatalf("got epoch %d, want another one of 53 bits", e)
		}
		seen[e] = true
	}
}

func TestAddressID(t *testing.T) {
	id := records.AddressID("straße@example.com")
	for _, same := range []string{"STRASSE@Example.com", "  straße@example.com\n", "ｓｔｒａｓｓｅ@example.com"} {
		expect.Equal(t, records.AddressID(same), id, "%q isn't the same address", same)
	}
	for _, another := range []string{"strase@example.com", "straße@example.org", "stra.sse@example.com", "straße+x@example.com", ""} {
		expect.Differ(t, records.AddressID(another), id, "%q is the same address", another)
	}
	expect.NoError(t, store.CheckID(id))
}
