package nodes_test

import (
	"crypto/rand"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/testenv"
	"github.com/eagate/eagate/store/sqlstore"
)

// A database is one of the test's own, empty at first.
type database struct {
	dialect        sqlstore.Dialect
	driver, source string
}

// open returns a store with connections of its own, as each process has them,
// and what closes both.
func (d database) open(t *testing.T) (*sqlstore.Store, func()) {
	t.Helper()
	db := expect.Try(sql.Open(d.driver, d.source)).OrFail(t)
	db.SetMaxOpenConns(8)
	s, err := sqlstore.New(t.Context(), db, d.dialect)
	if err != nil {
		_ = db.Close()
		t.Fatal(err)
	}
	return s, func() {
		_ = s.Close()
		_ = db.Close()
	}
}

func newSQLite(t *testing.T) database {
	t.Helper()
	return database{sqlstore.SQLite, "sqlite",
		"file:" + filepath.Join(t.TempDir(), "nodes.db") + "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_txlock=immediate"}
}

func newPostgreSQL(t *testing.T) database {
	t.Helper()
	u := testenv.Server(t, "postgres", "postgres://postgres@127.0.0.1:5432/postgres?sslmode=disable")
	admin := expect.Try(sql.Open("pgx", u.String())).OrFail(t)
	t.Cleanup(func() { _ = admin.Close() })
	name := "eagate_nodes_" + strings.ToLower(rand.Text())
	expect.Try(admin.Exec("CREATE DATABASE " + name + " TEMPLATE template0 ENCODING 'UTF8'")).OrFail(t)
	t.Cleanup(func() {
		if _, err := admin.Exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	u.Path = "/" + name
	return database{sqlstore.PostgreSQL, "pgx", u.String()}
}
