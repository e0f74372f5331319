package sqlstore_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

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
	accounts, err := sqlstore.New(ctx, db, sqlstore.SQLite)
	if err != nil {
		panic(err)
	}
	defer accounts.Close()

	// The store is for middleware.WithStore. What the rules do with it:
	err = accounts.UpdateAccount(ctx, "u-42", func(a *store.Account) error {
		a.Failures++
		return nil
	})
	fmt.Println(err)
	a, err := accounts.Account(ctx, "u-42")
	fmt.Println(a.Failures, err)
	// Output:
	// <nil>
	// 1 <nil>
}

// All that is wrong with the way the database is connected to is told at the
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
	accounts, err := sqlstore.New(ctx, db, sqlstore.SQLite, sqlstore.WithoutMigration())
	fmt.Println(err)
	defer accounts.Close()
	// Output:
	// sqlstore: there is no schema: run Migrate, or the SQL that Schema(SQLite) returns, before New with WithoutMigration
	// <nil>
	// <nil>
}

// Teams that have their own way to migrate take the schema as text.
func ExampleSchema() {
	for _, line := range strings.Split(sqlstore.Schema(sqlstore.PostgreSQL), "\n") {
		if strings.HasPrefix(line, "CREATE TABLE") {
			fmt.Println(line)
		}
	}
	// Output:
	// CREATE TABLE eagate_schema (
	// CREATE TABLE eagate_accounts (
	// CREATE TABLE eagate_challenges (
	// CREATE TABLE eagate_grants (
}
