package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"strings"
	"time"

	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/keyring"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/sqlstore"
)

// userID returns a random user's ID, of 36 letters as a UUID has.
func userID(i int) string {
	sum := sha256.Sum256(fmt.Append(nil, i))
	return hex.EncodeToString(sum[:18])
}

// documents notes the documents of the template: their bytes, and how long they are kept.
func (m *measurement) documents(ctx context.Context, s *server) error {
	all, err := openStoreOf(ctx, s.db, s.database, s.redis)
	if err != nil {
		return err
	}
	for _, kind := range []store.Kind{store.Accounts, store.Addresses, store.Challenges, store.Grants} {
		for after, done := "", false; !done; {
			docs, next, err := all.List(ctx, kind, after, 100)
			if err != nil {
				return err
			}
			for _, d := range docs {
				name := "document " + string(kind)
				if kind == store.Grants {
					_, rest, _ := strings.Cut(string(d.Body), `"kind":"`)
					what, _, _ := strings.Cut(rest, `"`)
					name += " (" + what + ")"
				}
				m.add(name+": body", "bytes", float64(len(d.Body)))
				if !d.Due.IsZero() {
					m.add(name+": kept", "s", time.Until(d.Due).Round(time.Second).Seconds())
				}
			}
			after, done = next, next == ""
		}
	}
	return nil
}

// capture keeps the documents that records write.
type capture struct {
	store.Backend
	kind store.Kind
	doc  store.Document
}

func (c *capture) Get(_ context.Context, _ store.Kind, ids ...string) ([]store.Document, error) {
	return []store.Document{{ID: ids[0]}}, nil
}

func (c *capture) Put(_ context.Context, kind store.Kind, doc store.Document) (uint64, error) {
	c.kind, c.doc = kind, doc
	return 1, nil
}

// grow fills the store, kind by kind, in a random order of the IDs: an account and an
// address for each user, and the grant of a session.
func (m *measurement) grow(ctx context.Context, s *server, t *template) error {
	all, err := openStoreOf(ctx, s.db, s.database, s.redis)
	if err != nil {
		return err
	}
	keys, err := keyring.New(key)
	if err != nil {
		return err
	}
	sample, err := records.New(all, keys).Account(ctx, "template")
	if err != nil {
		return err
	}
	c := new(capture)
	r := records.New(c, keys)
	now, moved := time.Now(), false
	for _, kind := range []struct {
		store.Kind
		each  int // documents of a user
		write func(user string) error
	}{
		{store.Accounts, 1, func(user string) error {
			return r.UpdateAccount(ctx, user, func(a *records.Account) error {
				*a = sample
				a.UserID, a.Email, a.Epoch = user, emailOf(user), records.NewEpoch()
				secret, err := keys.Open(sample.Factor.Secret, factor.SecretPurpose, "template")
				a.Factor.Secret = keys.Seal(secret, factor.SecretPurpose, user)
				a.Sync.Addresses = []string{emailOf(user)}
				a.LastStep, a.EarlierSteps = 0, nil // so that the template's code is good for all
				a.Push.Live, a.Push.Sent = randomID(), nil
				return err
			})
		}},
		{store.Addresses, 1, func(user string) error {
			return r.UpdateAddress(ctx, emailOf(user), func(a *records.Address) error {
				a.UserID, a.Since = user, now
				return nil
			})
		}},
		{store.Grants, 2, func(user string) error { // a proof, and where its session's former ID leads
			g := records.Grant{ID: randomID(), UserID: user, Epoch: records.NewEpoch(), Binding: randomID(), VerifiedAt: now, ExpiresAt: now.Add(mathrand.N(48 * time.Hour))}
			if moved = !moved; moved {
				g = records.Grant{ID: randomID(), UserID: user, Kind: records.KindMoved, Successor: randomID(), Form: randomID(), Sealed: make([]byte, 128), ExpiresAt: g.ExpiresAt}
			}
			return r.CreateGrant(ctx, g)
		}},
	} {
		before, err := s.bytes(ctx, kind.Kind)
		if err != nil {
			return err
		}
		if err := s.load(ctx, all, kind.each*m.users, func(i int) (store.Kind, store.Document, error) {
			err := kind.write(userID(i / kind.each))
			return c.kind, c.doc, err
		}); err != nil {
			return err
		}
		after, err := s.bytes(ctx, kind.Kind)
		if err != nil {
			return err
		}
		m.add("stored for each "+string(kind.Kind)+", with indexes", "bytes", (after-before)/float64(kind.each*m.users))
	}
	return nil
}

func randomID() string {
	sum := sha256.Sum256([]byte(rand.Text()))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// bytes returns what the documents take, on disk or in Redis's memory.
func (s *server) bytes(ctx context.Context, kind store.Kind) (n float64, err error) {
	if s.redis != "" && kind.Volatile() {
		info := s.client.Info(ctx, "memory")
		_, rest, _ := strings.Cut(info.Val(), "used_memory:")
		_, err = fmt.Sscan(rest, &n)
		return n, err
	}
	if _, err := s.db.ExecContext(ctx, s.analyze); err != nil {
		return 0, err
	}
	return n, s.db.QueryRowContext(ctx, s.size).Scan(&n)
}

// load stores n documents, in SQL ten thousand in a transaction.
func (s *server) load(ctx context.Context, all store.Backend, n int, next func(i int) (store.Kind, store.Document, error)) error {
	values := map[bool]string{true: "($1, $2, $3, $4, $5)", false: "(?, ?, ?, ?, ?)"}[s.Dialect == sqlstore.PostgreSQL]
	for i := 0; i < n; {
		tx, err := s.db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		insert, err := tx.PrepareContext(ctx, "INSERT INTO eagate_documents (kind, id, version, due, body) VALUES "+values)
		for end := min(n, i+10_000); i < end && err == nil; i++ {
			var kind store.Kind
			var doc store.Document
			if kind, doc, err = next(i); err != nil {
				break
			}
			var due any
			if !doc.Due.IsZero() {
				due = doc.Due.UnixMicro()
			}
			if s.redis != "" && kind.Volatile() {
				_, err = all.Put(ctx, kind, doc)
			} else {
				_, err = insert.ExecContext(ctx, string(kind), doc.ID, time.Now().UnixMicro(), due, string(doc.Body))
			}
		}
		if err := errors.Join(err, tx.Commit()); err != nil {
			return err
		}
	}
	return nil
}

// operations measures single calls of the store, over one connection.
func (m *measurement) operations(ctx context.Context, s *server) error {
	db, err := openDatabase(s.database, 1)
	if err != nil {
		return err
	}
	defer db.Close()
	b, err := openStoreOf(ctx, db, s.database, s.redis)
	if err != nil {
		return err
	}
	ids := func(n int) []string {
		ids := make([]string, n)
		for i := range ids {
			ids[i] = userID(mathrand.IntN(m.users))
		}
		return ids
	}
	var docs []store.Document
	grants := func(n int, due time.Time) error {
		docs = make([]store.Document, n)
		for i := range docs {
			docs[i] = store.Document{ID: randomID(), Due: due, Body: []byte(`{"body":"` + strings.Repeat("x", 330) + `"}`)}
		}
		return nil
	}
	put := func(kind store.Kind, d *store.Document) (err error) {
		d.Version, err = b.Put(ctx, kind, *d)
		return err
	}
	past, now := time.Now().Add(-time.Hour), time.Now()
	later := now.Add(time.Hour)
	for _, o := range []struct {
		name    string
		n       int
		prepare func() error
		do      func(i int) error
	}{
		{"read of 1 account", 200, nil, func(int) error { _, err := b.Get(ctx, store.Accounts, ids(1)...); return err }},
		{"read of 500 accounts", 4, nil, func(int) error { _, err := b.Get(ctx, store.Accounts, ids(500)...); return err }},
		{"change of an account", 100, func() (err error) { docs, err = b.Get(ctx, store.Accounts, ids(100)...); return err },
			func(i int) error { return ignoreConflict(put(store.Accounts, &docs[i])) }},
		{"insertion of a grant", 100, func() error { return grants(100, later) }, func(i int) error { return put(store.Grants, &docs[i]) }},
		{"read of a grant", 100, nil, func(i int) error { _, err := b.Get(ctx, store.Grants, docs[i].ID); return err }},
		{"Due, of accounts, with nothing due", 50, nil, func(int) error { _, err := b.Due(ctx, store.Accounts, now, 100); return err }},
		{"DeleteDue, of grants, with nothing due", 50, nil, func(int) error { _, err := b.DeleteDue(ctx, store.Grants, now, 500); return err }},
		{"DeleteDue, of 500 grants", 1, func() error {
			err := grants(500, past)
			for i := range docs {
				if err == nil {
					err = put(store.Grants, &docs[i])
				}
			}
			return err
		}, func(int) error { _, err := b.DeleteDue(ctx, store.Grants, now, 500); return err }},
		{"List, 200 accounts", 4, nil, func(int) error { _, _, err := b.List(ctx, store.Accounts, ids(1)[0], 200); return err }},
	} {
		for range 5 {
			if o.prepare != nil {
				if err := o.prepare(); err != nil {
					return fmt.Errorf("before %s: %w", o.name, err)
				}
			}
			rest, restScanned, err := s.touch(db, nil)
			if err != nil {
				return err
			}
			cpu, err := s.cpu()
			if err != nil {
				return err
			}
			began := time.Now()
			touched, scanned, err := s.touch(db, func() error {
				for i := range o.n {
					if err := o.do(i); err != nil {
						return err
					}
				}
				m.add(o.name+": time", "µs", float64(time.Since(began).Microseconds())/float64(o.n))
				after, err := s.cpu()
				if after > cpu {
					m.add(o.name+": CPU of the database's connections", "µs", (after-cpu)/float64(o.n))
				}
				return err
			})
			if err != nil {
				return fmt.Errorf("%s: %w", o.name, err)
			}
			if s.touched != "" {
				unit := map[bool]string{true: "pages", false: "rows"}[s.Dialect == sqlstore.PostgreSQL]
				m.add(o.name+": touched", unit, (touched-rest)/float64(o.n))
				m.add(o.name+": touched by scans", "rows", (scanned-restScanned)/float64(o.n))
			}
		}
	}
	return nil
}

func ignoreConflict(err error) error {
	if err == store.ErrConflict { // the same account twice
		return nil
	}
	return err
}

// notifying compares writes by many connections at once with the same writes reported to
// watchers: PostgreSQL commits notifications one after the other.
func (m *measurement) notifying(ctx context.Context, s *server) error {
	const connections, each = 16, 20
	db, err := openDatabase(s.database, connections)
	if err != nil {
		return err
	}
	defer db.Close()
	deaf := func(ctx context.Context, _ string, _ func(), _ func(string)) error { <-ctx.Done(); return ctx.Err() }
	b, err := sqlstore.New(ctx, db, sqlstore.PostgreSQL, sqlstore.WithListener(deaf))
	if err != nil {
		return err
	}
	write := func(notify bool) (time.Duration, error) {
		began, failed := time.Now(), make(chan error, connections)
		for range connections {
			go func() {
				doc := store.Document{ID: randomID(), Due: time.Now().Add(time.Hour), Body: []byte("{}"), Notify: notify}
				var err error
				for n := 0; n < each && err == nil; n++ {
					doc.Version, err = b.Put(ctx, store.Challenges, doc)
				}
				failed <- err
			}()
		}
		var all error
		for range connections {
			all = errors.Join(all, <-failed)
		}
		return time.Since(began), all
	}
	for range 7 {
		plain, err := write(false)
		if err != nil {
			return err
		}
		reported, err := write(true)
		if err != nil {
			return err
		}
		m.add("writes of 16 connections at once, reported to watchers, ÷ the same without", "times as long", float64(reported)/float64(plain))
	}
	return nil
}
