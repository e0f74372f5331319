package main

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/alexedwards/scs/mysqlstore"
	"github.com/alexedwards/scs/postgresstore"
	"github.com/alexedwards/scs/sqlite3store"
	"github.com/alexedwards/scs/v2"
	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"

	"github.com/eagate/eagate/store/sqlstore"
)

// connections is how many the demo keeps to a database server.
const connections = 20

// A database is what DATABASE_URL names.
type database struct {
	driver, source string
	dialect        sqlstore.Dialect
	file           string // of SQLite
}

// parseDatabase reads sqlite:FILE, postgres://… or mysql://….
func parseDatabase(text string) (database, error) {
	scheme, rest, _ := strings.Cut(text, ":")
	switch scheme {
	case "sqlite":
		return sqliteFile(rest)
	case "postgres", "postgresql":
		return database{driver: "pgx", source: text, dialect: sqlstore.PostgreSQL}, nil
	case "mysql", "mariadb":
		return mysqlServer(text)
	}
	return database{}, errors.New("want sqlite:FILE, postgres://USER:PASSWORD@HOST/DATABASE or mysql://USER:PASSWORD@HOST/DATABASE")
}

// sqliteFile is a file in which a write waits for the writes of other programs,
// and is on the disk when it is done.
func sqliteFile(file string) (database, error) {
	if file == "" || strings.ContainsAny(file, "?#%") {
		return database{}, fmt.Errorf("%q is no file name that can be used here", file)
	}
	source := "file:" + file + "?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate"
	return database{driver: "sqlite", source: source, dialect: sqlstore.SQLite, file: file}, nil
}

func mysqlServer(text string) (database, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || len(u.Path) < 2 {
		return database{}, errors.New("want mysql://USER:PASSWORD@HOST/DATABASE") // err would show the password
	}
	c := mysql.NewConfig()
	c.User = u.User.Username()
	c.Passwd, _ = u.User.Password()
	c.Net, c.Addr = "tcp", net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "3306"))
	c.DBName = u.Path[1:]
	return database{driver: "mysql", source: c.FormatDSN(), dialect: sqlstore.MariaDB}, nil
}

// beside is the file for what has to stay together with the database, or "".
func (d database) beside() string {
	if d.file == "" {
		return ""
	}
	return d.file + ".json"
}

func (d database) open() (*sql.DB, error) {
	db, err := sql.Open(d.driver, d.source)
	if err == nil && d.file == "" {
		db.SetMaxOpenConns(connections)
		db.SetMaxIdleConns(connections)
	}
	return db, err
}

// sessions returns scs's own store for the database. The table is as its
// documentation has it.
func (d database) sessions(ctx context.Context, db *sql.DB) (scs.Store, error) {
	var (
		table []string
		store scs.Store
	)
	switch d.dialect {
	case sqlstore.SQLite:
		table = []string{
			`CREATE TABLE IF NOT EXISTS sessions (token TEXT PRIMARY KEY, data BLOB NOT NULL, expiry REAL NOT NULL)`,
			`CREATE INDEX IF NOT EXISTS sessions_expiry_idx ON sessions (expiry)`,
		}
		store = sqlite3store.New(db)
	case sqlstore.PostgreSQL:
		table = []string{
			`CREATE TABLE IF NOT EXISTS sessions (token TEXT PRIMARY KEY, data BYTEA NOT NULL, expiry TIMESTAMPTZ NOT NULL)`,
			`CREATE INDEX IF NOT EXISTS sessions_expiry_idx ON sessions (expiry)`,
		}
		store = postgresstore.New(db)
	case sqlstore.MariaDB:
		table = []string{
			`CREATE TABLE IF NOT EXISTS sessions (token CHAR(43) COLLATE utf8mb4_bin PRIMARY KEY, data BLOB NOT NULL,
				expiry TIMESTAMP(6) NOT NULL, INDEX sessions_expiry_idx (expiry))`,
		}
		store = mysqlstore.New(db)
	}
	for _, statement := range table {
		_, err := db.ExecContext(ctx, statement)
		if err != nil {
			// Another demo may have been at it at the same moment.
			_, err = db.ExecContext(ctx, statement)
		}
		if err != nil {
			return nil, err
		}
	}
	return store, nil
}
