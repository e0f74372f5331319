package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"
)

var postgres = flavour{
	name: "postgres", quote: `"`, param: dollar,
	unfit: "CASE WHEN pg_is_in_recovery() THEN 'a standby' WHEN row_security_active('{literal}'::regclass) THEN 'hidden' ELSE '' END",

	onConflict: " ON CONFLICT DO NOTHING",

	// The rows that another node is just deleting are left to it. The array makes
	// sure that they are looked for once: a subquery could be run again for each
	// row, and so pass the limit. Without the order, the planner may read the whole
	// table, if it expects that much of it is due.
	deleteDue: "DELETE FROM {table} WHERE kind = $1 AND id = ANY(ARRAY(" +
		"SELECT id FROM {table} WHERE kind = $1 AND due <= $2 ORDER BY due, id LIMIT $3 FOR UPDATE SKIP LOCKED))",

	isTable: "SELECT COUNT(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace " +
		"WHERE n.nspname = ? AND c.relname = ? AND c.relkind IN ('r', 'p')",

	classify:  classifyPostgres,
	faults:    postgresFaults,
	migration: migratePostgres,

	// A statement that is prepared here stays on one connection of the server, which
	// a pooler gives to others after each transaction. Drivers can do otherwise, and
	// send a statement with its arguments in one round trip all the same.
	driverPrepares: true,
}

func classifyPostgres(err error) outcome {
	var coded interface{ SQLState() string }
	if errors.As(err, &coded) {
		switch coded.SQLState() { // https://www.postgresql.org/docs/current/errcodes-appendix.html
		case "40001", "40P01", "55P03": // serialization_failure, deadlock_detected, lock_not_available
			return rolledBack
		case "25006": // read_only_sql_transaction
			return notPrimary
		case "42P01", "3F000": // undefined_table, invalid_schema_name
			return noSchema
		}
	}
	return unknown
}

// errPooler says what a pooler needs.
var errPooler = errors.New("a pooler gives each transaction another connection of the server, on which the driver's prepared statements aren't: " +
	"with github.com/jackc/pgx set default_query_exec_mode=exec in the data source name, with github.com/lib/pq binary_parameters=yes; " +
	"or set the pooler's pool_mode to session, or connect to the server itself")

func postgresFaults(ctx context.Context, db *sql.DB, prefix string) (schema string, faults []error, err error) {
	unfit, err := unfitForPooler(ctx, db)
	var coded interface{ SQLState() string }
	if errors.As(err, &coded) && (coded.SQLState() == "26000" || coded.SQLState() == "42P05") { // no such, or duplicate prepared statement
		return "", []error{errPooler}, nil
	}
	if err != nil {
		return "", nil, err
	}
	var (
		number                   int
		version, stored, spoken  string
		standby, readers, hiding bool
		current                  sql.NullString
	)
	err = db.QueryRowContext(ctx, `SELECT current_setting('server_version_num')::int, current_setting('server_version'),
		current_setting('server_encoding'), current_setting('client_encoding'),
		pg_is_in_recovery(), current_setting('transaction_read_only')::bool, current_schema()::text,
		COALESCE(row_security_active(to_regclass(quote_ident(current_schema()) || '.' || $1::text)), false)`, prefix+"documents").
		Scan(&number, &version, &stored, &spoken, &standby, &readers, &current, &hiding)
	if err != nil {
		return "", nil, err
	}
	if unfit {
		faults = append(faults, errPooler)
	}
	if number < 120000 {
		faults = append(faults, fmt.Errorf("PostgreSQL %s: want 12 or newer", version))
	}
	if stored != "UTF8" {
		faults = append(faults, fmt.Errorf("the database's encoding is %s, which can't hold every text: create it with ENCODING 'UTF8'", stored))
	}
	if spoken != "UTF8" {
		faults = append(faults, fmt.Errorf("client_encoding is %s: set it to UTF8, or leave it to the driver", spoken))
	}
	if !current.Valid {
		faults = append(faults, errors.New("no schema is current: set search_path to one that exists"))
	}
	if hiding {
		faults = append(faults, errHidden)
	}
	switch {
	case standby:
		faults = append(faults, errors.New("the server is a standby, which lags behind and can't be written to: connect to the primary"))
	case readers:
		faults = append(faults, errors.New("transactions are read-only: set default_transaction_read_only to off for this role"))
	}
	return current.String, faults, nil
}

// unfitForPooler reports whether a pooler gives each transaction another connection
// of the server, and the driver can't stand it, as far as can be seen: a driver that
// relies on what is prepared fails, or is lib/pq without its binary parameters.
func unfitForPooler(ctx context.Context, db *sql.DB) (bool, error) {
	if db.Stats().MaxOpenConnections == 1 {
		return false, nil // it takes two
	}
	pairs.Lock()
	defer pairs.Unlock()
	var (
		before, other, after int
		mode                 pqMode
	)
	const query = "SELECT pg_backend_pid() + length($1::text)"
	first, err := db.Conn(ctx)
	if err != nil {
		return false, err
	}
	defer first.Close()
	if err := first.QueryRowContext(ctx, query, &mode).Scan(&before); err != nil {
		return false, err
	}
	// The server's connection that was used last is the next to be used.
	second, err := db.BeginTx(ctx, nil)
	if err != nil {
		return false, err
	}
	defer second.Rollback()
	if err := second.QueryRowContext(ctx, query, &mode).Scan(&other); err != nil {
		return false, err
	}
	soon, cancel := context.WithTimeout(ctx, 5*time.Second) // the pooler may have no other connection
	defer cancel()
	err = first.QueryRowContext(soon, query, &mode).Scan(&after)
	if soon.Err() != nil && ctx.Err() == nil {
		err = nil
	}
	isPQ := strings.HasPrefix(fmt.Sprintf("%T", db.Driver()), "*pq.")
	return isPQ && !mode.binary && (other == before || after != before), err
}

// pqMode is an empty text of which github.com/lib/pq asks for another form if its
// parameters are binary.
type pqMode struct{ binary bool }

func (*pqMode) Value() (driver.Value, error) { return "", nil }

func (m *pqMode) BinaryValue() ([]byte, error) {
	m.binary = true
	return []byte{}, nil
}

// migrationLock is the advisory lock that nodes take to migrate: "eagate" in
// ASCII.
const migrationLock = 0x656167617465

// migratePostgres has a transaction, behind a lock. Only with read committed do the
// statements behind the lock see what was done by the node that had it before.
func migratePostgres(ctx context.Context, db *sql.DB, _ string, f func(session) error) error {
	return retry(ctx, classifyPostgres, migrationPatience, func() error {
		tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if _, err := tx.ExecContext(ctx, "SET LOCAL lock_timeout = '2s'"); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", int64(migrationLock)); err != nil {
			return err
		}
		if err := f(tx); err != nil {
			return err
		}
		return tx.Commit()
	})
}
