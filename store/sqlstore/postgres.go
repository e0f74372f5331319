package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"
)

type postgres struct{}

func (postgres) name() string                    { return "postgres" }
func (postgres) param(n int) string              { return "$" + strconv.Itoa(n) }
func (postgres) timeColumn(column string) string { return column }
func (postgres) timeValue(t time.Time) any       { return t }
func (postgres) insertNew(insert string) string  { return insert + " ON CONFLICT DO NOTHING" }
func (postgres) singleWriter() bool              { return false }

func (postgres) inserted(r sql.Result) (bool, error) {
	n, err := r.RowsAffected()
	return n > 0, err
}

// The rows that another node is just deleting are left to it. The array makes
// sure that they are looked for once: a subquery could be run again for each
// row, and so pass the limit.
func (postgres) deleteSome(table, condition, limit string) string {
	return fmt.Sprintf("DELETE FROM %s WHERE id = ANY(ARRAY(SELECT id FROM %[1]s WHERE %s LIMIT %s FOR UPDATE SKIP LOCKED))", table, condition, limit)
}

func (postgres) tooBusy(err error) bool {
	var coded interface{ SQLState() string }
	if !errors.As(err, &coded) {
		return false
	}
	switch coded.SQLState() { // https://www.postgresql.org/docs/current/errcodes-appendix.html
	case "40001", "40P01": // serialization_failure, deadlock_detected
		return true
	}
	return false
}

func (postgres) faults(ctx context.Context, db *sql.DB) ([]error, error) {
	var (
		number                   int
		version                  string
		stored, spoken           string
		standby, readers, hiding bool
	)
	err := db.QueryRowContext(ctx, `SELECT current_setting('server_version_num')::int, current_setting('server_version'),
		current_setting('server_encoding'), current_setting('client_encoding'),
		pg_is_in_recovery(), current_setting('transaction_read_only')::bool,
		COALESCE((SELECT bool_or(row_security_active(oid)) FROM pg_class
			WHERE oid IN (to_regclass('eagate_accounts'), to_regclass('eagate_challenges'), to_regclass('eagate_grants'))), false)`).
		Scan(&number, &version, &stored, &spoken, &standby, &readers, &hiding)
	if err != nil {
		return nil, err
	}
	var faults []error
	if number < 120000 {
		faults = append(faults, fmt.Errorf("PostgreSQL %s: want 12 or newer", version))
	}
	if stored != "UTF8" {
		faults = append(faults, fmt.Errorf("the database's encoding is %s, which can't hold every text: create it with ENCODING 'UTF8'", stored))
	}
	if spoken != "UTF8" {
		faults = append(faults, fmt.Errorf("client_encoding is %s: set it to UTF8, or leave it to the driver", spoken))
	}
	if hiding { // a hidden account would pass for one without a second factor
		faults = append(faults, errors.New("row-level security hides rows of eagate's tables from this role: disable it on them, or use a role that it doesn't apply to"))
	}
	switch {
	case standby:
		faults = append(faults, errors.New("the server is a standby, which lags behind and can't be written to: connect to the primary"))
	case readers:
		faults = append(faults, errors.New("transactions are read-only: set default_transaction_read_only to off for this role"))
	}
	return faults, nil
}

func (postgres) hasTable(name string) string {
	return fmt.Sprintf("SELECT COUNT(*) FROM pg_class WHERE oid = to_regclass('%s')", name)
}

// migrationLock is the advisory lock that nodes take to migrate: "eagate" in
// ASCII.
const migrationLock = 0x656167617465

// migration has a transaction, behind a lock. Only with read committed do the
// statements behind the lock see what was done by whoever had it before.
func (postgres) migration(ctx context.Context, db *sql.DB, f func(session) error) error {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", int64(migrationLock)); err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}
