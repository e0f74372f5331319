package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
)

// updates is the conditional UPDATE of one table, for any set of columns. What
// hasn't changed isn't written: it would cost, and most on SQLite, which writes
// the index of each column anew that is set.
type updates struct {
	db         *database
	table, key string
	columns    []string

	mu       sync.Mutex
	prepared map[uint64]*sql.Stmt // by the columns that are set, as bits
}

// maxUpdates is for how many sets of columns there is a statement. The rules need
// some ten; whatever comes beyond sets all.
const maxUpdates = 50

func newUpdates(db *database, table, key string, columns []string) *updates {
	return &updates{db: db, table: table, key: key, columns: columns, prepared: make(map[uint64]*sql.Stmt)}
}

// exec sets the columns whose values differ, of the row with an ID and a version,
// if there is one, and counts the version up.
func (u *updates) exec(ctx context.Context, id string, version uint64, before, after []any) (sql.Result, error) {
	var set uint64
	for i := range after {
		if !same(before[i], after[i]) {
			set |= 1 << i
		}
	}
	stmt, set, err := u.statement(ctx, set)
	if err != nil {
		return nil, err
	}
	var args []any
	for i, arg := range after {
		if set>>i&1 == 1 {
			args = append(args, arg)
		}
	}
	return u.db.exec(ctx, stmt, append(args, id, int64(version))...)
}

// same reports whether two arguments are the same value.
func same(a, b any) bool {
	if a, ok := a.([]byte); ok {
		b, ok := b.([]byte)
		return ok && bytes.Equal(a, b)
	}
	if _, ok := b.([]byte); ok {
		return false
	}
	return a == b
}

// statement returns the statement that sets some columns, or all of them, and
// which.
func (u *updates) statement(ctx context.Context, set uint64) (*sql.Stmt, uint64, error) {
	stmt, set := u.find(set)
	if stmt != nil {
		return stmt, set, nil
	}
	// Several may do so at once; one statement more or less is none the worse.
	stmt, err := u.db.prepare(ctx, u.query(set))
	if err != nil {
		return nil, 0, err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.prepared[set] = stmt
	return stmt, set, nil
}

func (u *updates) find(set uint64) (*sql.Stmt, uint64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.prepared[set] == nil && len(u.prepared) >= maxUpdates {
		set = 1<<len(u.columns) - 1
	}
	return u.prepared[set], set
}

func (u *updates) query(set uint64) string {
	var (
		assigned strings.Builder
		n        = 0
	)
	for i, column := range u.columns {
		if set>>i&1 == 1 {
			n++
			fmt.Fprintf(&assigned, "%s = %s, ", column, u.db.param(n))
		}
	}
	return fmt.Sprintf("UPDATE %s SET %sversion = version + 1 WHERE %s = %s AND version = %s",
		u.table, &assigned, u.key, u.db.param(n+1), u.db.param(n+2))
}
