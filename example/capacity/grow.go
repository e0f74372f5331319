package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/keyring"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/sqlstore"
)

// userID returns a user's ID: 36 random letters, as many as a UUID has.
func userID(i int) string {
	sum := sha256.Sum256(fmt.Append(nil, i))
	return hex.EncodeToString(sum[:18])
}

func randomID() string {
	sum := sha256.Sum256([]byte(rand.Text()))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// The first users can sign in: as many as flows needs. The others are copies of these, and of
// the template, who signed in before.
const (
	signingIn = 700
	template  = -1
)

// documents returns the documents of the template, and notes their bytes and how long they are
// kept.
func (m *measurement) documents(ctx context.Context, b store.Backend) map[store.Kind][]store.Document {
	all := make(map[store.Kind][]store.Document)
	for _, kind := range []store.Kind{store.Accounts, store.Addresses, store.Challenges, store.Grants} {
		docs, next, err := b.List(ctx, kind, "", 100)
		for check(err); next != ""; check(err) {
			var more []store.Document
			more, next, err = b.List(ctx, kind, next, 100)
			docs = append(docs, more...)
		}
		for _, d := range docs {
			var grant struct{ Kind, Form string }
			name := "document " + string(kind)
			if check(json.Unmarshal(d.Body, &grant)); grant.Kind != "" {
				name += " (" + grant.Kind + ")"
			}
			m.add(name+": body", "bytes", float64(len(d.Body)))
			if !d.Due.IsZero() {
				m.add(name+": kept", "s", time.Until(d.Due).Round(time.Second).Seconds())
			}
			if grant.Kind == "" || grant.Kind == "proof" || grant.Kind == "moved" && grant.Form == "" { // what a sign-in leaves
				all[kind] = append(all[kind], d)
			}
		}
	}
	return all
}

// fill fills the store, kind by kind, in a random order of the IDs: for each user an
// account, an address, and the grants of a session.
func (m *measurement) fill(ctx context.Context, s *server) {
	all := s.store(ctx, s.db)
	docs := m.documents(ctx, all)
	keys := must(keyring.New(key))
	r := records.New(all, keys)
	sample := must(r.Account(ctx, userID(template)))
	secret := must(keys.Open(sample.Factor.Secret, factor.SecretPurpose, sample.UserID))
	for i := range signingIn {
		user, email := userID(i), emailOf(userID(i))
		check(r.UpdateAccount(ctx, user, func(a *records.Account) error {
			*a = sample
			a.UserID, a.Email, a.Epoch, a.Sync.Addresses = user, email, records.NewEpoch(), []string{email}
			a.Factor.Secret = keys.Seal(secret, factor.SecretPurpose, user)
			a.LastStep, a.EarlierSteps = 0, nil // so that the template's code is good for all
			a.Push.Live, a.Push.Sent = randomID(), nil
			return nil
		}))
		check(r.UpdateAddress(ctx, email, func(a *records.Address) error { a.UserID, a.Since = user, time.Now(); return nil }))
	}
	docs[store.Accounts] = must(all.Get(ctx, store.Accounts, userID(0)))
	for _, kind := range []store.Kind{store.Accounts, store.Addresses, store.Grants} {
		before := s.bytes(ctx, kind)
		tx := must(s.db.BeginTx(ctx, nil))
		defer func() { _ = tx.Rollback() }() // after a failure
		insert := must(tx.PrepareContext(ctx, s.query("insert")))
		for i := signingIn; i < m.users; i++ {
			for _, d := range docs[kind] {
				d.ID, d.Version = map[bool]string{true: userID(i), false: randomID()}[kind == store.Accounts], 0
				if kind == store.Grants {
					d.Due = time.Now().Add(mathrand.N(48 * time.Hour))
				}
				if s.Redis != "" && kind.Volatile() {
					must(all.Put(ctx, kind, d))
				} else {
					due := sql.NullInt64{Int64: d.Due.UnixMicro(), Valid: !d.Due.IsZero()}
					must(insert.ExecContext(ctx, string(kind), d.ID, time.Now().UnixMicro(), due, string(d.Body)))
				}
			}
		}
		check(tx.Commit())
		m.add("stored for each "+string(kind)+", with indexes", "bytes", (s.bytes(ctx, kind)-before)/float64(len(docs[kind])*(m.users-signingIn)))
	}
}

// bytes returns what the documents take, on disk or in Redis's memory.
func (s *server) bytes(ctx context.Context, kind store.Kind) (n float64) {
	if s.Redis != "" && kind.Volatile() {
		_, memory, _ := strings.Cut(s.redis().Info(ctx, "memory").Val(), "used_memory:")
		must(fmt.Sscan(memory, &n))
		return n
	}
	must(s.db.ExecContext(ctx, s.query("analyze")))
	check(s.db.QueryRowContext(ctx, s.query("size")).Scan(&n))
	return n
}

// calls measures single calls of the store, over one connection.
func (m *measurement) calls(ctx context.Context, s *server) {
	db := s.database(1)
	defer db.Close()
	b := s.store(ctx, db)
	ids := func(n int) []string {
		ids, first := make([]string, n), mathrand.IntN(m.users)
		for i := range ids {
			ids[i] = userID((first + 7919*i) % m.users) // all over the table
		}
		return ids
	}
	var docs []store.Document
	grants := func(n int, due time.Time) {
		docs = slices.Repeat([]store.Document{{Due: due, Body: []byte(`{"body":"` + strings.Repeat("x", 330) + `"}`)}}, n)
		for i := range docs {
			docs[i].ID = randomID()
		}
	}
	put := func(kind store.Kind, i int) { docs[i].Version = must(b.Put(ctx, kind, docs[i])) }
	now := time.Now()
	for _, c := range []struct {
		name    string
		n       int
		prepare func()
		do      func(i int)
	}{
		{"read of 1 account", 200, nil, func(int) { must(b.Get(ctx, store.Accounts, ids(1)...)) }},
		{"read of 500 accounts", 4, nil, func(int) { must(b.Get(ctx, store.Accounts, ids(500)...)) }},
		{"change of an account", 100, func() { docs = must(b.Get(ctx, store.Accounts, ids(100)...)) }, func(i int) { put(store.Accounts, i) }},
		{"insertion of a grant", 100, func() { grants(100, now.Add(time.Hour)) }, func(i int) { put(store.Grants, i) }},
		{"read of a grant", 100, nil, func(i int) { must(b.Get(ctx, store.Grants, docs[i].ID)) }},
		{"Due, of accounts, with nothing due", 50, nil, func(int) { must(b.Due(ctx, store.Accounts, now, 100)) }},
		{"DeleteDue, of grants, with nothing due", 50, nil, func(int) { must(b.DeleteDue(ctx, store.Grants, now, 500)) }},
		{"DeleteDue, of 500 grants", 1, func() {
			grants(500, now.Add(-time.Hour))
			for i := range docs {
				put(store.Grants, i)
			}
		}, func(int) { must(b.DeleteDue(ctx, store.Grants, now, 500)) }},
		{"List, 200 accounts", 4, nil, func(int) { _, _, err := b.List(ctx, store.Accounts, ids(1)[0], 200); check(err) }},
	} {
		for range 5 {
			if c.prepare != nil {
				c.prepare()
			}
			before := s.touched(ctx, db)
			looked := s.touched(ctx, db) // which touches, too
			cpu, began := s.cpu(), time.Now()
			for i := range c.n {
				c.do(i)
			}
			took, spent := time.Since(began), s.cpu()-cpu
			after := s.touched(ctx, db)
			add := func(what, unit string, value float64) { m.add(c.name+": "+what, unit, value/float64(c.n)) }
			add("time", "µs", float64(took.Microseconds()))
			if spent > 0 {
				add("CPU of the database's connections", "µs", spent)
			}
			if s.Driver != "sqlite" {
				add("touched", map[string]string{"pgx": "pages", "mysql": "rows"}[s.Driver], after[0]-2*looked[0]+before[0])
				add("touched by scans", "rows", after[1]-2*looked[1]+before[1])
			}
		}
	}
}

// touched returns what the connection has touched in the documents so far, and what of it in
// scans.
func (s *server) touched(ctx context.Context, db *sql.DB) (n [2]float64) {
	_, _ = db.ExecContext(ctx, s.query("flush")) // PostgreSQL before 15 has none
	if query := s.query("touched"); query != "" {
		check(db.QueryRowContext(ctx, query).Scan(&n[0], &n[1]))
	}
	return n
}

// notifying compares writes by many connections at once with the same writes reported to
// watchers: PostgreSQL commits notifications one after the other.
func (m *measurement) notifying(ctx context.Context, s *server) {
	const connections, each = 16, 20
	db := s.database(connections)
	defer db.Close()
	deaf := func(ctx context.Context, _ string, _ func(), _ func(string)) error { <-ctx.Done(); return ctx.Err() }
	b := must(sqlstore.New(ctx, db, sqlstore.PostgreSQL, sqlstore.WithListener(deaf)))
	write := func(notify bool) float64 {
		began, failed := time.Now(), make([]error, connections)
		var all sync.WaitGroup
		for i := range failed {
			all.Go(func() {
				doc := store.Document{ID: randomID(), Due: time.Now().Add(time.Hour), Body: []byte("{}"), Notify: notify}
				for n := 0; n < each && failed[i] == nil; n++ {
					doc.Version, failed[i] = b.Put(ctx, store.Challenges, doc)
				}
			})
		}
		all.Wait()
		check(errors.Join(failed...))
		return time.Since(began).Seconds()
	}
	for range 7 {
		plain := write(false)
		m.add("writes of 16 connections at once, reported to watchers, ÷ the same without", "times as long", write(true)/plain)
	}
}
