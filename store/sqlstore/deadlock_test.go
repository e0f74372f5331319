package sqlstore_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/eagate/eagate/store"
)

// A clean-up that the server ends to resolve a deadlock is made anew. On the other
// databases it waits for no row while it holds another.
func TestDeadlock(t *testing.T) {
	d := newMariaDB(t)
	db := d.open(t)
	s := open(t, db, d.dialect)
	now := time.Now()
	for _, id := range []string{"a", "b"} {
		if err := s.CreateGrant(t.Context(), store.Grant{ID: id, ExpiresAt: now}); err != nil {
			t.Fatal(err)
		}
	}

	// Whoever has changed less is the one to be ended.
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	run := func(statement string) {
		t.Helper()
		if _, err := tx.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 100 {
		run(fmt.Sprintf("INSERT INTO eagate_accounts (user_id, version) VALUES ('%d', 1)", i))
	}
	run("SELECT id FROM eagate_grants WHERE id = 'b' FOR UPDATE")

	type result struct {
		n   int
		err error
	}
	cleaned := make(chan result, 1)
	go func() {
		n, err := s.DeleteExpired(t.Context(), now, 10)
		cleaned <- result{n, err}
	}()
	waitFor(t, "the clean-up to wait for the second grant", func() bool {
		waiting, err := column(db, `SELECT trx_id FROM information_schema.innodb_trx JOIN information_schema.processlist ON id = trx_mysql_thread_id
			WHERE trx_state = 'LOCK WAIT' AND db = DATABASE() AND info LIKE 'DELETE FROM eagate_grants%'`)
		return err == nil && len(waiting) > 0
	})
	run("SELECT id FROM eagate_grants WHERE id = 'a' FOR UPDATE")
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if got := <-cleaned; got.n != 2 || got.err != nil {
		t.Errorf("got %d, %v, want both grants deleted", got.n, got.err)
	}
}

// waitFor asks, at most for some seconds, until something has happened.
func waitFor(t *testing.T, what string, happened func() bool) {
	t.Helper()
	ticker := time.NewTicker(200 * time.Millisecond) // innodb_trx is no newer, if asked more often
	defer ticker.Stop()
	for range 50 {
		if happened() {
			return
		}
		<-ticker.C
	}
	t.Fatalf("waited in vain for %s", what)
}
