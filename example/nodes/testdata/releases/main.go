// Command releases changes accounts in a database, beside others that do: of this
// release, or of one whose accounts have fields more.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"log"
	"os"
	"strconv"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/eagate/eagate/internal/keyring"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/store/sqlstore"
)

func main() {
	if err := run(context.Background(), os.Args[1], os.Args[2], os.Args[3]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, source, key, changes string) error {
	keys, err := keyring.New([]byte(key))
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(changes)
	if err != nil {
		return err
	}
	db, err := sql.Open("sqlite", source)
	if err != nil {
		return err
	}
	s, err := sqlstore.New(ctx, db, sqlstore.SQLite)
	if err != nil {
		return err
	}
	r := records.New(s, keys)
	for i := range n {
		err := r.UpdateAccount(ctx, fmt.Sprint("user ", i%3), func(a *records.Account) error {
			a.Failures++
			if len(a.Devices) == 0 {
				a.Devices = []records.Device{{ID: "d"}}
			}
			a.Devices[0].Name += "."
			a.Push.Live += "."
			change(a)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
