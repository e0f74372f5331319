package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A Dialect is a kind of database.
type Dialect uint8

const (
	SQLite     Dialect = iota + 1 // SQLite 3.38 or newer
	PostgreSQL                    // PostgreSQL 12 or newer
	MariaDB                       // MariaDB 10.5 or newer, or MySQL 8.0.21 or newer
)

func (d Dialect) String() string {
	switch d {
	case SQLite:
		return "SQLite"
	case PostgreSQL:
		return "PostgreSQL"
	case MariaDB:
		return "MariaDB"
	}
	return "invalid"
}

// flavour returns what is particular about the dialect, or nil.
func (d Dialect) flavour() *flavour {
	switch d {
	case SQLite:
		return &sqlite
	case PostgreSQL:
		return &postgres
	case MariaDB:
		return &mariadb
	}
	return nil
}

// A flavour is what differs between dialects: the SQL, and the behaviour of drivers. In
// its SQL, {table} is the table of documents, and ? an argument.
type flavour struct {
	name  string           // of the files that hold the schema
	quote string           // encloses a name
	param func(int) string // the placeholder of the nth argument

	// unfit is an expression: why the server's answers can't be trusted, such as 'a
	// standby', or 'hidden' if rows of the table may be hidden; otherwise ''. {literal}
	// is {table} within quotes.
	unfit string

	// onConflict ends an INSERT, so that an existing document is no error.
	onConflict string

	// deleteDue deletes what is due; its arguments are the kind, the time and the
	// limit.
	deleteDue string

	// isTable is a query for the number of tables, not views, in a schema and of a name.
	isTable string

	// classify returns the meaning of a driver's error.
	classify func(error) outcome

	// faults returns the name of the schema, and the faults of the database and of the
	// connection; or an error if it doesn't respond.
	faults func(ctx context.Context, db *sql.DB, prefix string) (schema string, faults []error, err error)

	// migration calls f with a connection while no other node migrates. The statements
	// of f are either atomic or can be executed again. It doesn't wait long for a table
	// lock.
	migration func(ctx context.Context, db *sql.DB, schema string, f func(session) error) error

	// driverPrepares leaves preparing statements to the driver.
	driverPrepares bool

	// oneWriter allows one write at a time in the process.
	oneWriter bool
}

// An outcome is the meaning of a driver's error.
type outcome uint8

const (
	unknown    outcome = iota // a write may have happened
	rolledBack                // no effect, because of a concurrent transaction
	exists                    // no effect, because the key exists
	notPrimary                // the server refuses writes
	noSchema                  // the table doesn't exist
)

// A session executes statements one after the other, on one connection.
type session interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func question(int) string { return "?" }
func dollar(n int) string { return "$" + strconv.Itoa(n) }

// bind returns a query with the dialect's placeholders.
func (f *flavour) bind(query string) string {
	parts := strings.Split(query, "?")
	for i := range parts[1:] {
		parts[i] += f.param(i + 1)
	}
	return strings.Join(parts, "")
}

// qualified returns the name of a table with its schema, which doesn't depend on the
// connection's current schema.
func (f *flavour) qualified(schema, table string) string {
	escaped := strings.ReplaceAll(schema, f.quote, f.quote+f.quote)
	return f.quote + escaped + f.quote + "." + table
}

// atLeast reports whether a version that starts with up to three numbers, such as
// 10.11.6-MariaDB, is at least the wanted one.
func atLeast(version string, want ...int) bool {
	var got [3]int
	fmt.Sscanf(version, "%d.%d.%d", &got[0], &got[1], &got[2])
	return slices.Compare(got[:], want) >= 0
}
