// Package sqlstore keeps eagate's documents in a SQL database, over database/sql:
// PostgreSQL, MariaDB, MySQL or SQLite. The application brings the driver.
//
//	db, err := sql.Open("pgx", os.Getenv("DATABASE_URL"))
//	…
//	documents, err := sqlstore.New(ctx, db, sqlstore.PostgreSQL)
//	…
//	gate, err := middleware.New(middleware.WithStore(documents), …)
//
// [New] makes the tables, or brings them up to date, and reports all that is wrong
// with the way the database is connected to. Any number of nodes may do so at once,
// of different releases too: a schema only ever grows. To migrate in another way, use
// [Schema] and [WithoutMigration].
//
// Each read and each write is one statement, outside of any transaction. All
// documents are in one table, eagate_documents; see [WithPrefix] for other names. Every
// statement names its schema, so that the table is the same one even on a connection
// that has chosen another schema since.
//
// # The primary
//
// A server that lags behind must not be asked whether there is a second factor. With
// each read comes the server's word that it is the primary; otherwise the read is an
// error that wraps [store.ErrNotPrimary], and the pool's connections to that server
// are closed. The next ones go where the data source name leads by then.
//
// A former primary that doesn't know of its successor can't be recognised. What
// switches over must keep the former primary from answering (fencing): end it, or set
// it to read-only first. It must also not come back with an earlier state of the data.
//
// # Pools
//
// A pool keeps two idle connections unless SetMaxIdleConns says more. Let it keep as
// many as SetMaxOpenConns allows: each new one costs more than what it is for.
//
// # What operators can ask
//
// The views eagate_accounts, eagate_late, eagate_challenges and eagate_grants show what
// the documents say. Times are in UTC (in PostgreSQL they are timestamptz, which psql
// shows in the session's zone), and NULL if there is none; secrets aren't shown.
//
//	-- Who has a second factor, and since when?
//	SELECT user_id, email, enabled_at FROM eagate_accounts WHERE state = 'on';
//
//	-- Who must wait, can't use codes of the phone any more (20 wrong ones in a row) or
//	-- recovery codes (50), or is held after a rejection? MariaDB, MySQL: UTC_TIMESTAMP
//	SELECT user_id, failures, locked_until, recovery_failures, recovery_locked_until, held_since FROM eagate_accounts
//	WHERE failures >= 20 OR locked_until > CURRENT_TIMESTAMP
//	OR recovery_failures >= 50 OR recovery_locked_until > CURRENT_TIMESTAMP OR held_since IS NOT NULL;
//
//	-- Of whom doesn't the service know, since when, and why?
//	SELECT * FROM eagate_late ORDER BY since;
//
// A document can't be changed by hand: it carries an HMAC, and one that doesn't fit is
// refused. The middleware has functions for what operators do.
//
// # Backups
//
// A backup holds all: restore the tables and the views, or the tables, and have
// [Migrate] make the rest. It needs the keys that were given to the middleware when it
// was made. What was changed since it was made is lost: a second factor that was
// switched on since is off, a code that was used since can be used again for the
// minute that it is valid, and a device that was removed is trusted again. Delete the
// challenges and grants after restoring: users then prove their second factor once more.
//
//	DELETE FROM eagate_documents WHERE kind IN ('challenge', 'grant');
//
// A migration waits for a lock on a table for two seconds at a time, so that a backup
// that holds one stops nobody else.
//
// # PostgreSQL
//
// 12 or newer, encoded in UTF8. Any isolation level will do. Row-level security must
// not apply to the table, as a hidden account would pass for a missing one: reads
// return an error then.
//
// Statements are left to the driver to prepare. github.com/jackc/pgx does, and sends
// each in one round trip; github.com/lib/pq needs binary_parameters=yes in the data
// source name for that. A pooler that gives each transaction another connection of the
// server (PgBouncer with pool_mode=transaction, unless it has max_prepared_statements)
// needs default_query_exec_mode=exec with pgx, or binary_parameters=yes with lib/pq:
// New looks whether it takes that, by two connections at a time.
//
// With synchronous_commit off, or when a standby takes over that hadn't got
// everything, the last moments are lost: a second factor that was switched on in
// them is off again, a code that was used in them can be used again. To exclude that,
// have a standby in synchronous_standby_names, and leave synchronous_commit on.
//
// [WithListener] has the store report writes to other nodes at once.
//
// # MariaDB and MySQL
//
// MariaDB 10.5 or MySQL 8.0.21, or newer (it is tested on MariaDB), in strict mode,
// with utf8mb4 and autocommit. The driver's options parseTime, loc, clientFoundRows and
// interpolateParams may be what they are.
//
// Set read_only on each server but the primary, and give the application a role that
// may not write there all the same (no SUPER, READ ONLY ADMIN or CONNECTION_ADMIN).
// With innodb_flush_log_at_trx_commit other than 1, or a fail-over to a replica that
// lagged behind, the last moments are lost as described above.
//
// # SQLite
//
// 3.38 or newer. Set busy_timeout, if other processes write to the file, and the
// journal mode WAL, so that readers and the writer don't wait for each other. One
// goroutine writes at a time, and the others wait for their turn in the process. There
// is no primary: don't read the file from a copy, such as one by Litestream or LiteFS.
//
// SQLite's own setting for synchronous is FULL: what was stored is on the disk.
// With NORMAL, a power failure takes the last moments with it (a crash of the
// process doesn't): a second factor that was switched on in them is off again, a
// code that was used in them can be used again.
package sqlstore
