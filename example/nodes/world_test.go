//go:build linux

package nodes_test

import (
	"database/sql"
	"encoding/hex"
	"net/http"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/keyring"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/store/sqlstore"
)

const (
	origin = "http://app.example.com" // what browsers would call the nodes
	key    = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
)

// soon is more than the two seconds for which nodes go on with what they have
// learned from a database.
const soon = 10 * time.Second

// A world is one application on two nodes, with the servers that they share.
type world struct {
	t        *testing.T
	postgres *postgres
	redis    *redisServer // nil: PostgreSQL keeps everything
	emulator *emulator.Server
	nodes    [2]*node
	accounts *records.Records // of the database
}

func newWorld(t *testing.T, withRedis bool) *world {
	t.Helper()
	w := &world{t: t, postgres: startPostgres(t)}
	w.emulator = emulator.Start(emulator.Config{
		// A connection that was kept would break with its node, and the report
		// be sent again unasked.
		HTTPClient: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
	})
	t.Cleanup(w.emulator.Close)
	env := []string{
		"ORIGIN=" + origin, "EAGATE_KEY=" + key, "DATABASE_URL=" + w.postgres.url(),
		"EAUTH_API_URL=" + w.emulator.URL + emulator.APIPath,
		"EAUTH_CLIENT_ID=" + w.emulator.ClientID(), "EAUTH_API_KEY=" + w.emulator.APIKey(),
	}
	if withRedis {
		w.redis = startRedis(t)
		env = append(env, "REDIS_URL="+w.redis.url())
	}
	for i, name := range []string{"node A", "node B"} {
		w.nodes[i] = startNode(t, name, env[:len(env):len(env)]...)
	}
	db := expect.Try(sql.Open("pgx", w.postgres.url())).OrFail(t)
	t.Cleanup(func() { _ = db.Close() })
	accounts := expect.Try(sqlstore.New(t.Context(), db, sqlstore.PostgreSQL)).OrFail(t)
	t.Cleanup(func() { _ = accounts.Close() })
	raw := expect.Try(hex.DecodeString(key)).OrFail(t)
	keys := expect.Try(keyring.New(raw)).OrFail(t)
	w.accounts = records.New(accounts, keys)
	return w
}

// account returns what the database holds of a user.
func (w *world) account(u *user) records.Account {
	w.t.Helper()
	a := expect.Try(w.accounts.Account(w.t.Context(), u.id)).OrFail(w.t)
	return a
}

// refresh lets a user's limits be as if hours had passed.
func (w *world) refresh(u *user) {
	w.t.Helper()
	err := w.accounts.UpdateAccount(w.t.Context(), u.id, func(a *records.Account) error {
		a.LastStep, a.Failures, a.LockedUntil = 0, 0, time.Time{}
		a.Push.Sent, a.Push.Unused, a.Push.Open = nil, nil, time.Time{}
		a.Push.Unapproved, a.Push.PausedUntil = 0, time.Time{}
		return nil
	})
	expect.NoError(w.t, err)
	u.used = 0
}

// eventually waits until something is so, within that time.
func (w *world) eventually(within time.Duration, what string, is func() bool) {
	w.t.Helper()
	deadline := time.After(within)
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for !is() {
		select {
		case <-look.C:
		case <-deadline:
			w.t.Fatalf("after %v, it is not so that %s", within, what)
		}
	}
}
