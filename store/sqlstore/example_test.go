package sqlstore_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"
	_ "modernc.org/sqlite" // the driver is the application's

	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/sqlstore"
)

// openDatabase opens a database in memory. An application has a file, or a server.
func openDatabase() *sql.DB {
	db, err := sql.Open("sqlite", "file::memory:")
	if err != nil {
		panic(err)
	}
	db.SetMaxOpenConns(1)
	return db
}

func ExampleNew() {
	ctx := context.Background()
	db := openDatabase()
	defer db.Close()
	documents, err := sqlstore.New(ctx, db, sqlstore.SQLite)
	if err != nil {
		panic(err)
	}
	defer documents.Close()

	// The store is for middleware.WithStore. What that does with it:
	doc := store.Document{ID: "u-42", Body: []byte(`{"failures":1}`)}
	if doc.Version, err = documents.Put(ctx, store.Accounts, doc); err != nil {
		panic(err)
	}
	found, err := documents.Get(ctx, store.Accounts, "u-42", "u-43")
	fmt.Printf("%s %t %v\n", found[0].Body, found[1].Version == 0, err)
	_, err = documents.Put(ctx, store.Accounts, store.Document{ID: "u-42", Body: []byte(`{}`)})
	fmt.Println(err)
	// Output:
	// {"failures":1} true <nil>
	// store: another version is stored
}

// All that is wrong with the way the database is connected to is reported at the
// start.
func ExampleNew_faults() {
	db := openDatabase()
	defer db.Close()
	db.SetMaxOpenConns(10)
	_, err := sqlstore.New(context.Background(), db, sqlstore.SQLite)
	fmt.Println(err)
	// Output:
	// sqlstore: the database can't be used as it is:
	// each connection has a database of its own, in memory: call SetMaxOpenConns(1), or use a file
}

// One job migrates before the release, and the nodes may not.
func ExampleMigrate() {
	ctx := context.Background()
	db := openDatabase()
	defer db.Close()
	_, err := sqlstore.New(ctx, db, sqlstore.SQLite, sqlstore.WithoutMigration())
	fmt.Println(err)
	fmt.Println(sqlstore.Migrate(ctx, db, sqlstore.SQLite))
	documents, err := sqlstore.New(ctx, db, sqlstore.SQLite, sqlstore.WithoutMigration())
	fmt.Println(err)
	defer documents.Close()
	// Output:
	// sqlstore: there is no schema: run Migrate, or the SQL that Schema(SQLite) returns, before New with WithoutMigration
	// <nil>
	// <nil>
}

// Teams that have their own way to migrate take the schema as text.
func ExampleSchema() {
	for line := range strings.Lines(sqlstore.Schema(sqlstore.PostgreSQL, sqlstore.WithPrefix("mfa_"))) {
		if strings.HasPrefix(line, "CREATE") {
			fmt.Print(line)
		}
	}
	// Output:
	// CREATE TABLE mfa_schema (
	// CREATE TABLE mfa_documents (
	// CREATE INDEX mfa_documents_due ON mfa_documents (kind, due, id) WHERE due IS NOT NULL;
	// CREATE VIEW mfa_accounts AS
	// CREATE VIEW mfa_late AS
	// CREATE VIEW mfa_challenges AS
	// CREATE VIEW mfa_grants AS
}

// A listener that uses pgx. Its connection leads to the server itself, and not to a
// pooler. All nodes have one.
func ExampleWithListener() {
	listener := func(ctx context.Context, channel string, ready func(), notified func(payload string)) error {
		conn, err := pgx.Connect(ctx, os.Getenv("DATABASE_URL"))
		if err != nil {
			return err
		}
		defer conn.Close(context.WithoutCancel(ctx))
		if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
			return err
		}
		ready()
		for {
			n, err := conn.WaitForNotification(ctx)
			if err != nil {
				return err
			}
			notified(n.Payload)
		}
	}

	db := openDatabase() // with PostgreSQL: sql.Open("pgx", …)
	defer db.Close()
	_, err := sqlstore.New(context.Background(), db, sqlstore.SQLite, sqlstore.WithListener(listener))
	fmt.Println(err)
	// Output:
	// sqlstore: the database can't be used as it is:
	// a listener, but SQLite can't notify: leave out WithListener
}

// The names of the tables and views begin with another prefix.
func ExampleWithPrefix() {
	db := openDatabase()
	defer db.Close()
	documents, err := sqlstore.New(context.Background(), db, sqlstore.SQLite, sqlstore.WithPrefix("mfa_"))
	if err != nil {
		panic(err)
	}
	defer documents.Close()
	var n int
	err = db.QueryRow("SELECT COUNT(*) FROM mfa_accounts WHERE state = 'on'").Scan(&n)
	fmt.Println(n, err)
	// Output: 0 <nil>
}

// Without a way to watch, what waits is looked for once a second.
func ExampleStore_Watch() {
	db := openDatabase()
	defer db.Close()
	documents, err := sqlstore.New(context.Background(), db, sqlstore.SQLite)
	if err != nil {
		panic(err)
	}
	defer documents.Close()
	fmt.Println(documents.Watch(context.Background(), store.Challenges, func(id string) {}))
	// Output: sqlstore: watching takes PostgreSQL and WithListener: unsupported operation
}
