package sqlstore_test

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/keyring"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/store/sqlstore"
)

const benchWorkers = 64

// BenchmarkTransition compares challenges that are created, approved and used through
// the records and the store with the same done by hand, with prepared statements on the
// same table: a document in JSON with an HMAC that is inserted, and twice read, checked,
// changed and written by a conditional UPDATE. Both take turns with 64 goroutines each.
// The goal is a ratio of 0.9 in operations per second, and no operation over 200 ms.
func BenchmarkTransition(b *testing.B) {
	onEach(b, func(b *testing.B, d database) {
		if d.dialect == sqlstore.PostgreSQL {
			d = d.with(b, map[string]string{"synchronous_commit": "on"})
		}
		db := d.open(b)
		db.SetMaxOpenConns(benchWorkers / 4)
		db.SetMaxIdleConns(benchWorkers / 4)
		keys := expect.Try(keyring.New([]byte("0123456789abcdef0123456789abcdef"))).OrFail(b)
		r := records.New(open(b, db, d.dialect), keys)
		hand := newByHand(b, db, d.dialect)
		var longest slowest
		ours := func(ctx context.Context) error { return throughRecords(ctx, r, &longest) }
		measure := func(f func(ctx context.Context) error) float64 {
			const each = 4
			start := time.Now()
			var wg sync.WaitGroup
			for range benchWorkers {
				wg.Go(func() {
					for range each {
						if err := f(b.Context()); err != nil {
							b.Error(err)
						}
					}
				})
			}
			wg.Wait()
			return benchWorkers * each / time.Since(start).Seconds()
		}
		measure(hand.transition)
		measure(ours)
		longest.Store(0)
		// The median, so that whatever else the machine does in some turns doesn't
		// count.
		var ratios, rates []float64
		for b.Loop() {
			var us, them float64
			if len(ratios)%2 == 0 {
				us, them = measure(ours), measure(hand.transition)
			} else {
				them, us = measure(hand.transition), measure(ours)
			}
			ratios, rates = append(ratios, us/them), append(rates, us)
		}
		slices.Sort(ratios)
		slices.Sort(rates)
		b.ReportMetric(ratios[len(ratios)/2], "ratio")
		b.ReportMetric(rates[len(rates)/2], "transitions/s")
		b.ReportMetric(float64(longest.Load())/1e6, "longest-ms")
		b.ReportMetric(0, "ns/op") // of a turn each: says nothing
	})
}

// slowest keeps the longest time that an operation took.
type slowest struct{ atomic.Int64 }

func (s *slowest) time(operation func() error) error {
	start := time.Now()
	err := operation()
	took := int64(time.Since(start))
	for old := s.Load(); took > old && !s.CompareAndSwap(old, took); old = s.Load() {
	}
	return err
}

func throughRecords(ctx context.Context, r *records.Records, longest *slowest) error {
	id, now := rand.Text(), time.Now().UTC()
	move := func(from, to records.ChallengeState) error {
		return r.UpdateChallenge(ctx, id, func(c *records.Challenge) error {
			if c.State != from {
				return errors.New("in another state")
			}
			c.State = to
			return nil
		})
	}
	for _, operation := range []func() error{
		func() error {
			return r.CreateChallenge(ctx, records.Challenge{
				ID: id, UserID: "u-42", Binding: "binding", Epoch: 7, Number: "70",
				CreatedAt: now, ExpiresAt: now.Add(time.Minute), ForgetAt: now.Add(5 * time.Minute),
			})
		},
		func() error { return move(records.Pending, records.Approved) },
		func() error { return move(records.Approved, records.Consumed) },
	} {
		if err := longest.time(operation); err != nil {
			return err
		}
	}
	return nil
}

// byHand is what an application would write for itself.
type byHand struct {
	insert, get, set *sql.Stmt

	// writer is held while writing, where that takes turns in the process.
	writer func(func() (sql.Result, error)) (sql.Result, error)
}

// A handmade is the document, with what a challenge has.
type handmade struct {
	MAC       string    `json:"mac"`
	Write     string    `json:"w"`
	UserID    string    `json:"user"`
	Binding   string    `json:"binding"`
	Epoch     int       `json:"epoch"`
	State     string    `json:"state"`
	Mode      string    `json:"mode"`
	Number    string    `json:"number"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
	ForgetAt  time.Time `json:"forget_at"`
}

func newByHand(b *testing.B, db *sql.DB, dialect sqlstore.Dialect) *byHand {
	h := &byHand{writer: func(f func() (sql.Result, error)) (sql.Result, error) { return f() }}
	if dialect == sqlstore.SQLite {
		var mu sync.Mutex
		h.writer = func(f func() (sql.Result, error)) (sql.Result, error) {
			mu.Lock()
			defer mu.Unlock()
			return f()
		}
	}
	prepare := func(query string) *sql.Stmt {
		for n := 1; dialect == sqlstore.PostgreSQL && strings.Contains(query, "?"); n++ {
			query = strings.Replace(query, "?", fmt.Sprint("$", n), 1)
		}
		stmt := expect.Try(db.PrepareContext(b.Context(), query)).OrFail(b)
		b.Cleanup(func() { stmt.Close() })
		return stmt
	}
	h.insert = prepare("INSERT INTO eagate_documents (kind, id, version, due, body) VALUES ('challenge', ?, 1, ?, ?)")
	h.get = prepare("SELECT version, body FROM eagate_documents WHERE kind = 'challenge' AND id = ?")
	h.set = prepare("UPDATE eagate_documents SET body = ?, due = ?, version = version + 1 WHERE kind = 'challenge' AND id = ? AND version = ?")
	return h
}

// sum returns the HMAC of a document under an ID.
func (h *byHand) sum(id string, doc handmade) (string, error) {
	doc.MAC = ""
	text, err := json.Marshal(doc)
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, []byte("0123456789abcdef0123456789abcdef"))
	mac.Write([]byte(id))
	mac.Write(text)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)), nil
}

func (h *byHand) encode(id string, doc handmade) (text string, err error) {
	doc.Write = rand.Text()
	if doc.MAC, err = h.sum(id, doc); err != nil {
		return "", err
	}
	b, err := json.Marshal(doc)
	return string(b), err
}

func (h *byHand) decode(id string, text []byte) (doc handmade, err error) {
	if err := json.Unmarshal(text, &doc); err != nil {
		return doc, err
	}
	want, err := h.sum(id, doc)
	if err == nil && !hmac.Equal([]byte(want), []byte(doc.MAC)) {
		err = errors.New("forged")
	}
	return doc, err
}

func (h *byHand) transition(ctx context.Context) error {
	id, now := rand.Text(), time.Now().UTC()
	text, err := h.encode(id, handmade{
		UserID: "u-42", Binding: "binding", Epoch: 7, State: "pending", Mode: "number", Number: "70",
		CreatedAt: now, ExpiresAt: now.Add(time.Minute), ForgetAt: now.Add(5 * time.Minute),
	})
	if err != nil {
		return err
	}
	_, err = h.writer(func() (sql.Result, error) {
		return h.insert.ExecContext(ctx, id, now.Add(5*time.Minute).UnixMicro(), text)
	})
	if err != nil {
		return err
	}
	states := []string{"pending", "approved", "consumed"}
	for i, state := range states[:2] {
		var (
			version int64
			body    []byte
		)
		if err := h.get.QueryRowContext(ctx, id).Scan(&version, &body); err != nil {
			return err
		}
		doc, err := h.decode(id, body)
		if err != nil {
			return err
		}
		if doc.State != state {
			return errors.New("in another state")
		}
		doc.State = states[i+1]
		text, err := h.encode(id, doc)
		if err != nil {
			return err
		}
		result, err := h.writer(func() (sql.Result, error) {
			return h.set.ExecContext(ctx, text, doc.ForgetAt.UnixMicro(), id, version)
		})
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n != 1 {
			return errors.New("another writer came first")
		}
	}
	return nil
}
