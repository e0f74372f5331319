package docs

import (
	"context"
	"database/sql"
	"log"
	"os"
	"testing"

	"github.com/alexedwards/scs/goredisstore"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/redis/go-redis/v9"

	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/redisstore"
	"github.com/eagate/eagate/store/sqlstore"
	"github.com/eagate/eagate/store/storetest"
)

func _(ctx context.Context) (*middleware.Gate, error) {
	url := os.Getenv("DATABASE_URL")
	if url == "" {
		log.Fatal("DATABASE_URL is not set") // pgx would use a default, and in an empty database nobody has a second factor
	}
	db, err := sql.Open("pgx", url) // the driver is yours: import _ "github.com/jackc/pgx/v5/stdlib"
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(20)
	db.SetMaxIdleConns(20)
	accounts, err := sqlstore.New(ctx, db, sqlstore.PostgreSQL) // creates or migrates its tables
	if err != nil {
		return nil, err
	}
	return middleware.New(
		middleware.WithStore(accounts),
	)
}

func _(accounts store.Backend) (*middleware.Gate, error) {
	rdb := redis.NewClient(&redis.Options{Addr: "localhost:6379", ContextTimeoutEnabled: true})
	volatile, err := redisstore.NewVolatile(rdb)
	if err != nil {
		return nil, err
	}
	gate, err := middleware.New(
		middleware.WithStore(store.Split(accounts, volatile)),
	)
	sessions.Store = goredisstore.New(rdb) // github.com/alexedwards/scs/goredisstore: for several nodes
	return gate, err
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Subject {
		return storetest.Subject{Handles: []store.Backend{open(t), open(t)}}
	})
}
