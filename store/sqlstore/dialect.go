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

// A flavour is what is particular about a dialect: how its SQL is written, and
// how its drivers behave. In its SQL, {table} is the table of the documents, and ?
// an argument.
type flavour struct {
	name  string           // of the files that hold the schema
	quote string           // encloses a name
	param func(int) string // the placeholder of the nth argument

	// unfit is an expression: '', or why this server must not be asked, such as
	// 'a standby', or 'hidden' if the table's rows may be. {literal} is {table} within
	// quotes.
	unfit string

	// onConflict ends an INSERT, so that an existing document is no error.
	onConflict string

	// deleteDue deletes what is due; its arguments are the kind, the time and the
	// limit.
	deleteDue string

	// isTable is a query for the number of tables, not views, in a schema and of a name.
	isTable string

	// classify says what an error of the drivers means.
	classify func(error) outcome

	// faults returns the name of the schema, and what is wrong with the database or
	// the way it is connected to; or an error if it doesn't answer.
	faults func(ctx context.Context, db *sql.DB, prefix string) (schema string, faults []error, err error)

	// migration calls f with a connection on which no other node migrates meanwhile.
	// What f executes takes effect altogether, or each statement by itself but so that
	// all can be executed once more. It waits for no lock on a table for long.
	migration func(ctx context.Context, db *sql.DB, schema string, f func(session) error) error

	// driverPrepares says that statements are not prepared here: drivers do so.
	driverPrepares bool

	// oneWriter has writers of one process wait for each other in the process.
	oneWriter bool
}

// An outcome is what an error of a driver means.
type outcome uint8

const (
	unknown    outcome = iota // a write may have happened or not
	rolledBack                // nothing happened, because of what others did at the time
	exists                    // nothing happened, as the key is there
	notPrimary                // the server can't be written to
	noSchema                  // the table isn't there
)

// A session executes statements one after the other, on one connection.
type session interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func question(int) string { return "?" }
func dollar(n int) string { return "$" + strconv.Itoa(n) }

// bind writes the placeholders of a query as the dialect has them.
func (f *flavour) bind(query string) string {
	parts := strings.Split(query, "?")
	for i := range parts[1:] {
		parts[i] += f.param(i + 1)
	}
	return strings.Join(parts, "")
}

// qualified returns the name of a table with that of its schema, so that it is the
// same one whatever a connection takes for its own schema.
func (f *flavour) qualified(schema, table string) string {
	escaped := strings.ReplaceAll(schema, f.quote, f.quote+f.quote)
	return f.quote + escaped + f.quote + "." + table
}

// atLeast reports whether a version that begins with up to three numbers, such
// as 10.11.6-MariaDB, is not older than that.
func atLeast(version string, want ...int) bool {
	var got [3]int
	fmt.Sscanf(version, "%d.%d.%d", &got[0], &got[1], &got[2])
	return slices.Compare(got[:], want) >= 0
}
