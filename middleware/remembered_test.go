package middleware_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/keyring"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/store"
)

// remembered is what a second factor that is written by hand remembers.
type remembered interface {
	enrol(ctx context.Context, email string) error
	isEnrolled(ctx context.Context, email string) (bool, error)
	begin(ctx context.Context, email, token, number string) error
	find(ctx context.Context, email, token string) (pending, error)
	decide(ctx context.Context, token string, approved bool) error
	use(ctx context.Context, email, token string) error
}

// A pending challenge waits for the phone.
type pending struct {
	number    string
	approved  bool
	expiresAt time.Time
}

var errNoChallenge = errors.New("no challenge")

// inMaps remembers for as long as the process lasts.
type inMaps struct {
	mu         sync.Mutex
	enrolled   map[string]bool
	challenges map[string]pending // by the service's token
}

func newMaps() *inMaps {
	return &inMaps{enrolled: make(map[string]bool), challenges: make(map[string]pending)}
}

func (m *inMaps) enrol(_ context.Context, email string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.enrolled[email] = true
	return nil
}

func (m *inMaps) isEnrolled(_ context.Context, email string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.enrolled[email], nil
}

func (m *inMaps) begin(_ context.Context, _, token, number string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.challenges[token] = pending{number: number, expiresAt: time.Now().Add(5 * time.Minute)}
	return nil
}

func (m *inMaps) find(_ context.Context, _, token string) (pending, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, ok := m.challenges[token]
	if !ok {
		return c, errNoChallenge
	}
	return c, nil
}

func (m *inMaps) decide(_ context.Context, token string, approved bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c, ok := m.challenges[token]; ok && time.Now().Before(c.expiresAt) {
		c.approved = approved
		m.challenges[token] = c
	}
	return nil
}

func (m *inMaps) use(_ context.Context, _, token string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.challenges, token)
	return nil
}

// inRecords remembers what a gate does, in the same documents and by the same writes: an
// account says which of a user's requests is the live one, a grant what a session has
// proved, and a mark that a session goes on under another ID.
type inRecords struct {
	records *records.Records
	keys    *keyring.Keyring
}

func newInRecords(tb testing.TB, documents store.Backend) inRecords {
	keys := apptest.Keys(tb)
	return inRecords{records.New(documents, keys), keys}
}

func (m inRecords) enrol(ctx context.Context, email string) error {
	id := apptest.UserID(email)
	err := m.records.UpdateAccount(ctx, id, func(a *records.Account) error {
		a.State, a.Email, a.Epoch, a.EnabledAt = records.On, email, 1, time.Now()
		a.Factor = records.Factor{
			Secret: m.keys.Seal(make([]byte, 20), factor.SecretPurpose, id), Algorithm: "SHA1", Digits: 6, Period: 30,
		}
		return nil
	})
	return errors.Join(err, apptest.ClaimAddress(ctx, m.records, id, email))
}

func (m inRecords) isEnrolled(ctx context.Context, email string) (bool, error) {
	a, err := m.records.Account(ctx, apptest.UserID(email))
	return a.State == records.On, err
}

func (m inRecords) begin(ctx context.Context, email, token, number string) error {
	address, err := m.records.Address(ctx, email)
	if err != nil || address.UserID != apptest.UserID(email) {
		return errors.Join(err, errors.New("not the user's address"))
	}
	now, session, browser := time.Now(), idOf(token+" session"), idOf(token+" browser")
	err = m.records.UpdateAccount(ctx, address.UserID, func(a *records.Account) error {
		a.Push.Sent = append(a.Push.Sent, now)
		a.Push.Reserved, a.Push.ReservedBy, a.Push.ReservedUntil = session, browser, now.Add(time.Minute)
		return nil
	})
	if err != nil {
		return err
	}
	c := records.Challenge{
		ID: idOf(token), UserID: address.UserID, Binding: session, Browser: browser, Epoch: 1,
		CreatedAt: now, ExpiresAt: now.Add(5 * time.Minute), ForgetAt: now.Add(time.Hour),
	}
	if err := m.records.CreateChallenge(ctx, c); err != nil {
		return err
	}
	err = m.records.UpdateChallenge(ctx, c.ID, func(c *records.Challenge) error {
		c.Number = number
		return nil
	})
	if err != nil {
		return err
	}
	return m.records.UpdateAccount(ctx, address.UserID, func(a *records.Account) error {
		a.Push.Reserved, a.Push.ReservedBy, a.Push.ReservedUntil = "", "", time.Time{}
		a.Push.Live = c.ID
		return nil
	})
}

func (m inRecords) find(ctx context.Context, email, token string) (pending, error) {
	a, err := m.records.Account(ctx, apptest.UserID(email))
	if err != nil {
		return pending{}, err
	}
	c, err := m.records.Challenge(ctx, idOf(token))
	if err != nil || a.Push.Live != c.ID || a.Epoch != c.Epoch {
		return pending{}, errors.Join(err, errNoChallenge)
	}
	return pending{c.Number, c.State == records.Approved, c.ExpiresAt}, nil
}

func (m inRecords) decide(ctx context.Context, token string, approved bool) error {
	return m.records.UpdateChallenge(ctx, idOf(token), func(c *records.Challenge) error {
		if now := time.Now(); c.State == records.Pending && approved && now.Before(c.ExpiresAt) {
			c.State, c.DecidedAt = records.Approved, now
		}
		return nil
	})
}

func (m inRecords) use(ctx context.Context, email, token string) error {
	secret, now := rand.Text(), time.Now()
	grant := records.Grant{
		ID: idOf(secret), UserID: apptest.UserID(email), Epoch: 1, Method: eagate.Push, Binding: idOf(token + " session"),
		VerifiedAt: now, ExpiresAt: now.Add(24 * time.Hour),
	}
	if err := m.records.CreateGrant(ctx, grant); err != nil {
		return err
	}
	err := m.records.UpdateChallenge(ctx, idOf(token), func(c *records.Challenge) error {
		if c.State != records.Approved {
			return errNoChallenge
		}
		c.State, c.GrantID = records.Consumed, grant.ID
		return nil
	})
	if err != nil {
		return err
	}
	err = m.records.UpdateAccount(ctx, grant.UserID, func(a *records.Account) error {
		if a.Epoch != grant.Epoch {
			return errNoChallenge
		}
		a.Push.Unused = nil
		return nil
	})
	if err != nil {
		return err
	}
	return m.records.CreateGrant(ctx, records.Grant{
		ID: idOf(grant.Binding), UserID: grant.UserID, Kind: records.KindMoved, Binding: grant.Binding, Successor: grant.ID, ExpiresAt: grant.ExpiresAt,
	})
}

func idOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
