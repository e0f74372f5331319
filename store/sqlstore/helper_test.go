package sqlstore_test

import (
	"crypto/rand"
	"database/sql"
	"errors"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/testenv"
	"github.com/eagate/eagate/store/sqlstore"
)

// The driver's log says what the tests know: that a connection broke.
func init() { _ = mysql.SetLogger(&mysql.NopLogger{}) }

// poolSize is small, as several packages' tests share the servers.
const poolSize = 8

// A database is an empty one that a test has for itself.
type database struct {
	dialect sqlstore.Dialect
	driver  string
	source  string // the data source name
	name    string // on the server

	// kill breaks all connections to the database, or is nil.
	kill func() error

	// another makes one more of the same kind.
	another func(testing.TB) database
}

// open returns a pool of connections, as one node would have it.
func (d database) open(t testing.TB) *sql.DB {
	t.Helper()
	return openPool(t, d.driver, d.source)
}

func openPool(t testing.TB, driver, source string) *sql.DB {
	t.Helper()
	db := expect.Try(sql.Open(driver, source)).OrFail(t)
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(poolSize)
	db.SetMaxIdleConns(poolSize)
	return db
}

// store returns a store on a pool of its own.
func (d database) store(t testing.TB, opts ...sqlstore.Option) *sqlstore.Store {
	t.Helper()
	return open(t, d.open(t), d.dialect, opts...)
}

func open(t testing.TB, db *sql.DB, dialect sqlstore.Dialect, opts ...sqlstore.Option) *sqlstore.Store {
	t.Helper()
	s := expect.Try(sqlstore.New(t.Context(), db, dialect, opts...)).OrFail(t)
	t.Cleanup(func() { s.Close() })
	return s
}

// onEach runs a test or benchmark on each kind of database.
func onEach[T interface {
	testing.TB
	Run(string, func(T)) bool
}](t T, f func(T, database)) {
	t.Run("SQLite", func(t T) { f(t, newSQLite(t)) })
	t.Run("PostgreSQL", func(t T) { f(t, newPostgres(t)) })
	t.Run("MariaDB", func(t T) { f(t, newMariaDB(t)) })
}

const sqliteOptions = "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)"

func newSQLite(t testing.TB) database {
	t.Helper()
	return database{
		dialect: sqlstore.SQLite,
		driver:  "sqlite",
		source:  "file:" + filepath.Join(t.TempDir(), "test.db") + sqliteOptions,
		another: newSQLite,
	}
}

func newPostgres(t testing.TB) database {
	t.Helper()
	u := testenv.Server(t, "postgres", "postgres://postgres@127.0.0.1:5432/postgres?sslmode=disable")
	admin, name := openPool(t, "pgx", u.String()), newName()
	execute(t, admin, "CREATE DATABASE "+name+" TEMPLATE template0 ENCODING 'UTF8'")
	t.Cleanup(func() { execute(t, admin, "DROP DATABASE "+name+" WITH (FORCE)") })
	u.Path = "/" + name
	query := u.Query()
	query.Set("synchronous_commit", "off") // the tests don't crash the server
	u.RawQuery = query.Encode()
	return database{
		dialect: sqlstore.PostgreSQL,
		driver:  "pgx",
		name:    name,
		source:  u.String(),
		kill: func() error {
			_, err := admin.Exec("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1", name)
			return err
		},
		another: newPostgres,
	}
}

func newMariaDB(t testing.TB) database {
	t.Helper()
	u := testenv.Server(t, "mariadb", "mysql://root@127.0.0.1:3306/")
	config := mysql.NewConfig()
	config.User = u.User.Username()
	config.Passwd, _ = u.User.Password()
	config.Net, config.Addr = "tcp", u.Host
	admin, name := openPool(t, "mysql", config.FormatDSN()), newName()
	execute(t, admin, "CREATE DATABASE "+name)
	t.Cleanup(func() { execute(t, admin, "DROP DATABASE "+name) })
	config.DBName = name
	return database{
		dialect: sqlstore.MariaDB,
		driver:  "mysql",
		name:    name,
		source:  config.FormatDSN(),
		kill:    func() error { return killMariaDB(admin, name) },
		another: newMariaDB,
	}
}

func killMariaDB(admin *sql.DB, name string) error {
	ids, err := column(admin, "SELECT id FROM information_schema.processlist WHERE db = ?", name)
	for _, id := range ids {
		_, killErr := admin.Exec("KILL " + id)
		if gone := new(mysql.MySQLError); errors.As(killErr, &gone) && gone.Number == 1094 {
			continue // ER_NO_SUCH_THREAD: it has ended meanwhile
		}
		err = errors.Join(err, killErr)
	}
	return err
}

// column returns the first column of what a query finds.
func column(db *sql.DB, query string, args ...any) ([]string, error) {
	rows, err := db.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		found = append(found, s)
	}
	return found, rows.Err()
}

func newName() string { return "eagate_" + strings.ToLower(rand.Text()) }

func execute(t testing.TB, db *sql.DB, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		expect.Try(db.Exec(statement)).OrFail(t, "%.60s", statement)
	}
}

// statements takes a file of SQL apart.
func statements(text string) []string {
	all := strings.Split(text, ";\n")
	return slices.DeleteFunc(all, func(s string) bool { return strings.TrimSpace(s) == "" })
}

// with returns the database by a data source name with other options.
func (d database) with(t testing.TB, options map[string]string) database {
	t.Helper()
	if d.dialect == sqlstore.MariaDB {
		config := expect.Try(mysql.ParseDSN(d.source)).OrFail(t)
		query := make(url.Values)
		for name, value := range options {
			query.Set(name, value)
		}
		changed := expect.Try(mysql.ParseDSN(config.FormatDSN() + "?" + query.Encode())).OrFail(t)
		d.source = changed.FormatDSN()
		return d
	}
	u := expect.Try(url.Parse(d.source)).OrFail(t)
	query := u.Query()
	for name, value := range options {
		query.Set(name, value)
	}
	u.RawQuery = query.Encode()
	d.source = u.String()
	return d
}
