package sqlstore_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/sqlstore"
)

const benchWorkers = 64

// BenchmarkTransition compares challenges that are created, approved and used
// through the store with the same done by hand, with prepared statements on the
// same table: an INSERT, and twice a SELECT and a conditional UPDATE. Both take
// turns with 64 goroutines each. The goal is a ratio of 0.9 in operations per
// second; on SQLite, no operation may take over 200 ms.
func BenchmarkTransition(b *testing.B) {
	onEach(b, func(b *testing.B, d database) {
		if d.dialect == sqlstore.PostgreSQL {
			d = d.with(b, map[string]string{"synchronous_commit": "on"})
		}
		db := d.open(b)
		db.SetMaxOpenConns(benchWorkers / 4)
		db.SetMaxIdleConns(benchWorkers / 4)
		s := open(b, db, d.dialect)
		hand := newByHand(b, db, d.dialect)
		var longest slowest
		ours := func(ctx context.Context) error { return throughStore(ctx, s, &longest) }
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

func throughStore(ctx context.Context, s store.Challenges, longest *slowest) error {
	id, now := rand.Text(), time.Now()
	move := func(from, to store.ChallengeState) error {
		return s.UpdateChallenge(ctx, id, func(c *store.Challenge) error {
			if c.State != from {
				return errors.New("in another state")
			}
			c.State = to
			return nil
		})
	}
	for _, operation := range []func() error{
		func() error {
			return s.CreateChallenge(ctx, store.Challenge{
				ID: id, UserID: "u-42", Binding: "binding", Epoch: 7, Number: "70",
				CreatedAt: now, ExpiresAt: now.Add(time.Minute), ForgetAt: now.Add(5 * time.Minute),
			})
		},
		func() error { return move(store.Pending, store.Approved) },
		func() error { return move(store.Approved, store.Consumed) },
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
	prepare := func(query, postgres string) *sql.Stmt {
		if dialect == sqlstore.PostgreSQL {
			query = postgres
		}
		stmt, err := db.PrepareContext(b.Context(), query)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { stmt.Close() })
		return stmt
	}
	const columns = "(id, version, user_id, binding, epoch, number, created_at, expires_at, forget_at)"
	h.insert = prepare(
		"INSERT INTO eagate_challenges "+columns+" VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?)",
		"INSERT INTO eagate_challenges "+columns+" VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8)")
	h.get = prepare(
		"SELECT version, user_id, binding, epoch, state, number, expires_at FROM eagate_challenges WHERE id = ?",
		"SELECT version, user_id, binding, epoch, state, number, expires_at FROM eagate_challenges WHERE id = $1")
	h.set = prepare(
		"UPDATE eagate_challenges SET state = ?, version = version + 1 WHERE id = ? AND version = ?",
		"UPDATE eagate_challenges SET state = $1, version = version + 1 WHERE id = $2 AND version = $3")
	return h
}

func (h *byHand) transition(ctx context.Context) error {
	id, now := rand.Text(), time.Now().UTC()
	text := func(t time.Time) string { return t.Format("2006-01-02 15:04:05.000000") }
	_, err := h.writer(func() (sql.Result, error) {
		return h.insert.ExecContext(ctx, id, "u-42", "binding", 7, "70", text(now), text(now.Add(time.Minute)), text(now.Add(5*time.Minute)))
	})
	if err != nil {
		return err
	}
	for state, next := range []int64{1, 3} { // pending, approved, consumed
		var (
			version, epoch, found            int64
			userID, binding, number, expires string
		)
		if err := h.get.QueryRowContext(ctx, id).Scan(&version, &userID, &binding, &epoch, &found, &number, &expires); err != nil {
			return err
		}
		if found != int64(state) {
			return errors.New("in another state")
		}
		result, err := h.writer(func() (sql.Result, error) {
			return h.set.ExecContext(ctx, next, id, version)
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
