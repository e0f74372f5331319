//go:build linux

package nodes_test

import (
	"context"
	"database/sql"
	"os/exec"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/redis/go-redis/v9"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/redisstore"
	"github.com/eagate/eagate/store/sqlstore"
)

// A failover is two servers, of which the second takes over from the first, while
// a node goes on with the first, or with what has become of it.
type failover struct {
	behind, ahead store.Backend // of the node that is left behind, and of the one that goes along

	// switchOver has another server be the primary, for the node that goes along.
	switchOver func()

	// heal is what operators do next, if anything: the node that was left behind
	// then finds the new primary by itself.
	heal func()
}

// A user who has switched the second factor on at the new primary doesn't pass by
// the password alone at a node that talks to the former one.
func TestThoroughFailover(t *testing.T) {
	for name, start := range map[string]func(*testing.T) failover{
		"PostgreSQL, a standby that lags": lagsPostgres,
		"MariaDB, read_only":              readOnlyMariaDB,
		"Redis, a demotion":               demotedRedis,
		"Redis, Sentinel":                 sentinelRedis,
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t)
			w := apptest.NewWorld(t)
			node := func(b store.Backend) *apptest.App {
				own := *w
				own.Store = apptest.NewFaultyStore(b)
				return own.Node(t, apptest.Setup{Client: nil})
			}
			behind, ahead := node(f.behind), node(f.ahead)
			const alice, bob = "alice@example.com", "bob@example.com"

			bobs := ahead.Enrolled(t, bob)
			before := behind.Browser(t).Login(alice)
			before.WantIn("before, without a second factor")

			f.switchOver()
			retry(t, "the new primary takes writes", func() bool {
				return ahead.Browser(t).Login(alice).Post("/2fa/enable").Status == 303
			})
			phone := ahead.Enrolled(t, alice)
			w.Clock.Add(10 * time.Second) // what the nodes knew has aged
			for range 5 {
				before.WantLocked("the session from before")
				behind.Browser(t).Login(alice).WantLocked("a new session")
			}

			f.heal()
			retry(t, "the node finds the new primary", func() bool {
				return behind.Browser(t).Login(alice).Get("/account").Location == "/2fa/challenge"
			})
			b := behind.Browser(t).Login(alice)
			b.Get("/account")
			b.WantInOrCode(phone)
			b = behind.Browser(t).Login(bob)
			b.Get("/account")
			b.WantInOrCode(bobs)
		})
	}
}

// retry waits until something is so.
func retry(t *testing.T, what string, is func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for !is() {
		select {
		case <-look.C:
		case <-deadline:
			t.Fatalf("in vain: %s", what)
		}
	}
}

// openSQL returns a store on a pool of its own.
func openSQL(t *testing.T, dialect sqlstore.Dialect, driver, source string) store.Backend {
	t.Helper()
	s, closing := database{dialect, driver, source}.open(t)
	t.Cleanup(closing)
	return s
}

// lagsPostgres has the node come to a standby that lags behind: first it can't be
// asked, then it is promoted.
func lagsPostgres(t *testing.T) failover {
	primary := startPostgres(t)
	standby := primary.standby()
	p := newProxy(t, loopback(primary.port))
	url := func(addr string) string { return "postgres://postgres@" + addr + "/postgres?sslmode=disable" }
	ahead := newProxy(t, loopback(primary.port))
	return failover{
		behind: openSQL(t, sqlstore.PostgreSQL, "pgx", url(p.addr)),
		ahead:  openSQL(t, sqlstore.PostgreSQL, "pgx", url(ahead.addr)),
		switchOver: func() {
			standby.caughtUp(primary)
			standby.sql("SELECT pg_wal_replay_pause()")
			p.move(loopback(standby.port))
			p.cut()
		},
		heal: func() {
			standby.sql("SELECT pg_wal_replay_resume()")
			standby.caughtUp(primary)
			primary.stop()
			standby.sql("SELECT pg_promote()")
			ahead.move(loopback(standby.port))
			ahead.cut()
		},
	}
}

// readOnlyMariaDB leaves the node with its connections at a server that has become
// read-only.
func readOnlyMariaDB(t *testing.T) failover {
	first, second := startMariaDB(t, 1), startMariaDB(t, 2)
	second.follow(first)
	p, ahead := newProxy(t, first.addr()), newProxy(t, first.addr())
	return failover{
		behind: openSQL(t, sqlstore.MariaDB, "mysql", mariadbSource(p.addr, "eagate")),
		ahead:  openSQL(t, sqlstore.MariaDB, "mysql", mariadbSource(ahead.addr, "eagate")),
		switchOver: func() {
			first.exec("SET GLOBAL read_only = 1")
			second.caughtUp(first)
			second.exec("STOP SLAVE", "SET GLOBAL read_only = 0")
			ahead.move(second.addr())
			ahead.cut()
		},
		heal: func() { p.move(second.addr()) }, // connections stay, as they do with DNS
	}
}

// demotedRedis leaves the node with its connections at a server that has become a
// replica, and hasn't got what is new.
func demotedRedis(t *testing.T) failover {
	first, second := startRedis(t), startRedis(t)
	second.command("replicaof", "127.0.0.1", first.port)
	p, ahead := newProxy(t, loopback(first.port)), newProxy(t, loopback(first.port))
	return failover{
		behind: openRedis(t, redis.NewClient(redisOptions(p.addr))),
		ahead:  openRedis(t, redis.NewClient(redisOptions(ahead.addr))),
		switchOver: func() {
			second.synced()
			second.command("replicaof", "no", "one")
			first.command("replicaof", "127.0.0.1", "1") // where nobody is
			ahead.move(loopback(second.port))
			ahead.cut()
		},
		heal: func() { p.move(loopback(second.port)) },
	}
}

func redisOptions(addr string) *redis.Options {
	return &redis.Options{Addr: addr, ContextTimeoutEnabled: true}
}

func openRedis(t *testing.T, client redis.UniversalClient) store.Backend {
	t.Helper()
	t.Cleanup(func() { _ = client.Close() })
	s := expect.Try(redisstore.New(t.Context(), client)).OrFail(t)
	return s
}

// sentinelRedis has Sentinel do what is to be done.
func sentinelRedis(t *testing.T) failover {
	first, second := startRedis(t), startRedis(t)
	second.command("replicaof", "127.0.0.1", first.port)
	second.synced()
	port := first.sentinel()
	open := func() store.Backend {
		return openRedis(t, redis.NewFailoverClient(&redis.FailoverOptions{
			MasterName: "eagate", SentinelAddrs: []string{loopback(port)}, ContextTimeoutEnabled: true,
		}))
	}
	sentinel := redis.NewSentinelClient(&redis.Options{Addr: loopback(port)})
	t.Cleanup(func() { _ = sentinel.Close() })
	return failover{
		behind: open(),
		ahead:  open(),
		switchOver: func() {
			retry(t, "Sentinel can fail over", func() bool { return sentinel.Failover(t.Context(), "eagate").Err() == nil })
			retry(t, "Sentinel has failed over", func() bool {
				addr, err := sentinel.GetMasterAddrByName(t.Context(), "eagate").Result()
				return err == nil && len(addr) == 2 && addr[1] == second.port
			})
			// Until then it calls itself the primary, and loses what it is given.
			retry(t, "the former primary knows", func() bool { return first.info("role:slave") })
		},
		heal: func() {},
	}
}

// standby starts a streaming standby of the server.
func (p *postgres) standby() *postgres {
	p.t.Helper()
	s := &postgres{t: p.t, dir: p.dir + "-standby", port: freePort(p.t), as: p.as}
	cmd := exec.Command(postgresProgram(p.t, "pg_basebackup"), "--pgdata="+s.dir+"/data", "--write-recovery-conf",
		"--checkpoint=fast", "--no-sync", "--dbname=postgres://postgres@"+loopback(p.port)+"/")
	s.prepare()
	as := *p.as
	cmd.Dir, cmd.SysProcAttr = s.dir, &as
	if out, err := cmd.CombinedOutput(); err != nil {
		p.t.Fatalf("pg_basebackup: %v\n%s", err, out)
	}
	s.start()
	return s
}

// sql executes a statement as an administrator.
func (p *postgres) sql(statement string) string {
	p.t.Helper()
	db := expect.Try(sql.Open("pgx", p.url())).OrFail(p.t)
	defer db.Close()
	var result sql.NullString
	expect.NoError(p.t, db.QueryRow(statement).Scan(&result), statement)
	return result.String
}

// caughtUp waits until the standby has replayed what the primary has written.
func (p *postgres) caughtUp(primary *postgres) {
	p.t.Helper()
	at := primary.sql("SELECT pg_current_wal_lsn()::text")
	retry(p.t, "the standby catches up", func() bool {
		return p.sql("SELECT (pg_last_wal_replay_lsn() >= '"+at+"')::text") == "true"
	})
}

// caughtUp waits until the replica has what the primary has.
func (m *mariadb) caughtUp(primary *mariadb) {
	m.t.Helper()
	at := primary.value("SELECT @@gtid_current_pos")
	retry(m.t, "the replica catches up", func() bool { return m.value("SELECT @@gtid_slave_pos") == at })
}

func (m *mariadb) value(query string) (value string) {
	m.t.Helper()
	db := expect.Try(sql.Open("mysql", mariadbSource(m.addr(), ""))).OrFail(m.t)
	defer db.Close()
	expect.NoError(m.t, db.QueryRow(query).Scan(&value), query)
	return value
}

func (r *redisServer) command(args ...any) {
	r.t.Helper()
	c := redis.NewClient(redisOptions(loopback(r.port)))
	defer c.Close()
	expect.NoError(r.t, c.Do(context.Background(), args...).Err(), "%v", args)
}

// synced waits until the replica has what its primary has.
func (r *redisServer) synced() {
	r.t.Helper()
	retry(r.t, "the replica is in step", func() bool {
		return r.info("master_link_status:up") && r.info("master_sync_in_progress:0")
	})
}

// info reports whether the server says that of its replication.
func (r *redisServer) info(what string) bool {
	r.t.Helper()
	c := redis.NewClient(redisOptions(loopback(r.port)))
	defer c.Close()
	info, err := c.Info(context.Background(), "replication").Result()
	return err == nil && strings.Contains(info, what)
}
