package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Dialect is a kind of database.
type Dialect uint8

const (
	SQLite     Dialect = iota + 1 // SQLite 3.31 or newer
	PostgreSQL                    // PostgreSQL 12 or newer
	MariaDB                       // MariaDB 10.5 or newer, or MySQL 8.0.13 or newer
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

// flavour returns what is particular about the dialect.
func (d Dialect) flavour() (flavour, error) {
	switch d {
	case SQLite:
		return sqlite{}, nil
	case PostgreSQL:
		return postgres{}, nil
	case MariaDB:
		return mariadb{}, nil
	}
	return nil, fmt.Errorf("dialect %d: want SQLite, PostgreSQL or MariaDB", d)
}

// A flavour is what is particular about a dialect: how its SQL is written, and
// how its drivers behave.
type flavour interface {
	// name is that of the files that hold the schema.
	name() string

	// param returns the placeholder of the nth argument, from 1 on.
	param(n int) string

	// timeColumn returns the expression that reads a column of a time.
	timeColumn(column string) string

	// timeValue returns a time, in UTC and of whole microseconds, as an argument.
	timeValue(t time.Time) any

	// insertNew completes an INSERT, so that it changes nothing if the key exists.
	insertNew(insert string) string

	// inserted reports whether such an INSERT has stored its row.
	inserted(sql.Result) (bool, error)

	// deleteSome returns the statement that deletes the rows that a condition
	// applies to, at most as many as the argument whose placeholder limit is.
	deleteSome(table, condition, limit string) string

	// tooBusy reports whether a statement failed, without any effect, for what
	// others were doing at the time.
	tooBusy(error) bool

	// singleWriter reports whether writers of one process had better wait for
	// each other in the process than in the database.
	singleWriter() bool

	// faults returns what is wrong with the database, its version or the way it
	// is connected to, or an error if it doesn't answer.
	faults(ctx context.Context, db *sql.DB) ([]error, error)

	// hasTable is a query for 1 or 0: whether there is a table of that name.
	hasTable(name string) string

	// migration calls f with a connection on which no other node migrates
	// meanwhile. What f executes takes effect altogether, or each statement by
	// itself but so that all can be executed once more.
	migration(ctx context.Context, db *sql.DB, f func(session) error) error
}

// A session executes statements one after the other, on one connection.
type session interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// params returns n placeholders, separated by commas.
func params(f flavour, n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = f.param(i + 1)
	}
	return strings.Join(list, ", ")
}

// atLeast reports whether a version that begins with up to three numbers, such
// as 10.11.6-MariaDB, is not older than that.
func atLeast(version string, want ...int) bool {
	var got [3]int
	fmt.Sscanf(version, "%d.%d.%d", &got[0], &got[1], &got[2])
	return slices.Compare(got[:], want) >= 0
}
