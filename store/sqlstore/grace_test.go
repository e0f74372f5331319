package sqlstore_test

import (
	"context"
	"testing"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/store"
)

// A write that the server executes when its context ends gets some time to answer:
// otherwise it would happen some time after Put has returned.
func TestContextEndsDuringWrite(t *testing.T) {
	test := func(t *testing.T, d database, waits string) {
		db := d.open(t)
		s := open(t, db, d.dialect)
		doc := store.Document{ID: "u", Body: []byte("1"), Version: put(t, s, "u")}
		other := expect.Try(db.Begin()).OrFail(t)
		defer func() { _ = other.Rollback() }()
		var id string
		expect.NoError(t, other.QueryRow("SELECT id FROM eagate_documents WHERE id = 'u' FOR UPDATE").Scan(&id))
		ctx, cancel := context.WithCancel(t.Context())
		written := make(chan error, 1)
		go func() {
			_, err := s.Put(ctx, store.Accounts, doc)
			written <- err
		}()
		waitFor(t, "the write to wait", func() bool {
			found, err := column(db, waits)
			return err == nil && len(found) > 0
		})
		cancel()
		expect.NoError(t, other.Rollback())
		expect.NoError(t, <-written, "the answer that came soon")
	}
	t.Run("PostgreSQL", func(t *testing.T) {
		test(t, newPostgres(t), "SELECT pid::text FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'UPDATE%' AND datname = current_database()")
	})
	t.Run("MariaDB", func(t *testing.T) {
		test(t, newMariaDB(t), `SELECT trx_id FROM information_schema.innodb_trx JOIN information_schema.processlist ON id = trx_mysql_thread_id
			WHERE trx_state = 'LOCK WAIT' AND db = DATABASE() AND info LIKE 'UPDATE%'`)
	})
}
