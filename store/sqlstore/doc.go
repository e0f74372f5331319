// Package sqlstore keeps eagate's records in a SQL database, over database/sql:
// PostgreSQL, MariaDB, MySQL or SQLite. The application brings the driver.
//
//	db, err := sql.Open("pgx", os.Getenv("DATABASE_URL"))
//	…
//	accounts, err := sqlstore.New(ctx, db, sqlstore.PostgreSQL)
//	…
//	gate, err := middleware.New(middleware.WithStore(accounts), …)
//
// [New] makes the tables, or brings them up to date, and tells all that is wrong
// with the way the database is connected to. Any number of nodes may do so at
// once, of different releases too: a schema only ever grows, and an older release
// leaves alone the columns that it doesn't know. Whoever migrates in another way
// takes [Schema] and [WithoutMigration].
//
// Every change is one statement, on the columns that it changes, which holds only
// if nobody else has changed the record meanwhile; otherwise it is made anew. No
// transaction is open and nothing is locked while the rules decide.
//
// A pool keeps two idle connections unless SetMaxIdleConns says more. Let it keep as
// many as SetMaxOpenConns allows: each new one costs more than what it is for, and
// the statements are prepared on it anew.
//
// # What operators can ask
//
// Each value has a column of its own. Times are in UTC (in PostgreSQL they are
// timestamptz, which psql shows in the session's zone), and NULL if there is none;
// durations are in seconds; secrets are sealed. In eagate_accounts:
//
//	-- Who has a second factor, and since when?
//	SELECT user_id, email, enabled_at FROM eagate_accounts WHERE state = 1;
//
//	-- Who must wait, or can't use codes any more (20 wrong ones in a row)?
//	SELECT user_id, failures, locked_until FROM eagate_accounts
//	WHERE failures >= 20 OR locked_until > CURRENT_TIMESTAMP; -- MariaDB, MySQL: UTC_TIMESTAMP
//
//	-- Of whom doesn't the service know, since when, and why?
//	SELECT user_id, email, sync_since, sync_attempts, sync_last_err FROM eagate_accounts
//	WHERE sync_wanted <> sync_confirmed ORDER BY sync_since;
//
// A query shows what is there; a schema that is new and empty shows nobody with a
// second factor, and so does the store. [WithoutMigration] keeps a program that was
// pointed at the wrong database from making one there.
//
// The numbers mean:
//
//	eagate_accounts    state   0 off, 1 on
//	eagate_challenges  state   0 pending, 1 approved, 2 rejected, 3 consumed, 4 void, 5 replaced
//	                   mode    0 number
//	eagate_grants      kind    0 proof, 1 moved, 2 ended (marks of sessions that are over)
//	                   method  1 totp, 2 push
//
// A row may be changed by hand if its version is counted up in the same statement.
//
// # PostgreSQL
//
// 12 or newer, encoded in UTF8, and the primary: a standby lags behind. Any
// isolation level will do. The statements are prepared, which a pooler in front
// of the server must be able to stand (PgBouncer: max_prepared_statements).
//
// Row-level security must not apply to the tables: a hidden account would pass for
// one without a second factor. New looks; row_security=off in the data source name
// makes it an error at any later time, too.
//
// With synchronous_commit off, or when a standby takes over that hadn't got
// everything, the last moments are lost: a second factor that was switched on in
// them is off again, a code that was used in them can be used again.
//
// # MariaDB and MySQL
//
// MariaDB 10.5 or MySQL 8.0.13, or newer (it is tested on MariaDB), in strict mode,
// with utf8mb4 and autocommit. The driver's options parseTime, loc, clientFoundRows and
// interpolateParams may be what they are. With innodb_flush_log_at_trx_commit other
// than 1, or a fail-over to a replica that lagged behind, the last moments are lost
// as described above.
//
// # SQLite
//
// 3.31 or newer. Set busy_timeout, if other processes write to the file, and the
// journal mode WAL, so that readers and the writer don't wait for each other. One
// goroutine writes at a time, and the others wait for their turn in the process.
//
// SQLite's own setting for synchronous is FULL: what was stored is on the disk.
// With NORMAL, a power failure takes the last moments with it (a crash of the
// process doesn't): a second factor that was switched on in them is off again, a
// code that was used in them can be used again.
package sqlstore
