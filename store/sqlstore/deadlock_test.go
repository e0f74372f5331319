package sqlstore_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/store"
)

// A clean-up that the server ends to resolve a deadlock is made anew. On the other
// databases it waits for no row while it holds another.
func TestDeadlock(t *testing.T) {
	d := newMariaDB(t)
	db := d.open(t)
	s := open(t, db, d.dialect)
	put(t, s, "a")
	put(t, s, "b")

	// The one that has changed less is ended.
	tx := expect.Try(db.Begin()).OrFail(t)
	defer func() { _ = tx.Rollback() }()
	run := func(statement string) {
		t.Helper()
		if _, err := tx.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 100 {
		run(fmt.Sprintf("INSERT INTO eagate_documents (kind, id, version, body) VALUES ('x', '%d', 1, '')", i))
	}
	run("SELECT id FROM eagate_documents WHERE kind = 'account' AND id = 'b' FOR UPDATE")

	type result struct {
		n   int
		err error
	}
	cleaned := make(chan result, 1)
	go func() {
		n, err := s.DeleteDue(t.Context(), store.Accounts, time.Now(), 10)
		cleaned <- result{n, err}
	}()
	waitFor(t, "the clean-up to wait for the second document", func() bool {
		waiting, err := column(db, `SELECT trx_id FROM information_schema.innodb_trx JOIN information_schema.processlist ON id = trx_mysql_thread_id
			WHERE trx_state = 'LOCK WAIT' AND db = DATABASE() AND info LIKE 'DELETE FROM%'`)
		return err == nil && len(waiting) > 0
	})
	run("SELECT id FROM eagate_documents WHERE kind = 'account' AND id = 'a' FOR UPDATE")
	expect.NoError(t, tx.Commit())
	if got := <-cleaned; got.n != 2 || got.err != nil {
		t.Errorf("got %d, %v, want both documents deleted", got.n, got.err)
	}
}
