package nodes_test

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/factor"
)

// A member is one of several nodes within the test, with connections of its own
// to a database.
type member struct {
	t     *testing.T
	world *apptest.World
	db    database
	app   *apptest.App
	close func()
}

func newMember(t *testing.T, w *apptest.World, db database) *member {
	t.Helper()
	m := &member{t: t, world: w, db: db, close: func() {}}
	m.restart()
	t.Cleanup(func() { m.close() })
	return m
}

// once makes a call that fails, fail at once.
var once = client.WithAttempts(1)

// restart starts the node anew: nothing is left of the former one but what it
// has stored.
func (m *member) restart() {
	m.t.Helper()
	m.close()
	own := *m.world
	accounts, closing := m.db.open(m.t)
	own.Store, m.close = apptest.NewFaultyStore(accounts), closing
	m.app = own.Node(m.t, apptest.Setup{Client: []client.Option{once}})
}

// pass tells the service of what is due.
func (m *member) pass() { m.slowPass(slow{}) }

// slowPass is pass with calls that take their time.
func (m *member) slowPass(s slow) {
	m.t.Helper()
	s.Service = m.app.Emulator.Client(once)
	expect.NoError(m.t, m.rules(s).SyncDue(m.t.Context()), "sync")
}

// crash is a pass that ends in the middle, before or after the service was told
// something: what comes of it isn't stored.
func (m *member) crash(rng *rand.Rand) {
	m.t.Helper()
	ctx, cancel := context.WithCancel(m.t.Context())
	defer cancel()
	s := &dying{Service: m.app.Emulator.Client(once), early: rng.IntN(2) == 0, die: func() {
		m.app.Store.Fail(apptest.All)
		cancel()
	}}
	s.left.Store(1 + rng.Int64N(3))
	_ = m.rules(s).SyncDue(ctx)
}

// rules are those of a process that has just started.
func (m *member) rules(s factor.Service) *factor.Rules {
	m.t.Helper()
	r, err := factor.New(factor.Config{
		Records: m.app.Records(m.t), Service: s, Keys: apptest.Keys(m.t), Issuer: "Acme", ClientID: m.app.Emulator.ClientID(),
		Now: m.app.Clock.Now, Log: slog.New(slog.NewTextHandler(m.app.Log, nil)),
	})
	expect.NoError(m.t, err)
	return r
}

// A slow service is one whose calls take as long as the changes that users make
// meanwhile: most of it on the way there, or on the way back.
type slow struct {
	factor.Service
	changes *sync.WaitGroup // nil: calls take no time
	there   bool
}

func (s slow) SyncStatus(ctx context.Context, status client.Status) error {
	if s.changes != nil && s.there {
		s.changes.Wait()
	}
	err := s.Service.SyncStatus(ctx, status)
	if s.changes != nil {
		s.changes.Wait()
	}
	return err
}

// A dying service is called by a process that dies with one of the calls.
type dying struct {
	factor.Service
	left  atomic.Int64 // calls until then, this one included
	early bool         // the call isn't made any more
	die   func()
}

func (d *dying) SyncStatus(ctx context.Context, s client.Status) error {
	last := d.left.Add(-1) == 0
	if last && d.early {
		d.die()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	err := d.Service.SyncStatus(ctx, s)
	if last {
		d.die()
	}
	return err
}
