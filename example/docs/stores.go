package docs

import (
	"context"
	"database/sql"
	"errors"
	"os"

	"github.com/alexedwards/scs/goredisstore"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver is yours
	"github.com/redis/go-redis/v9"

	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/redisstore"
	"github.com/eagate/eagate/store/sqlstore"
)

func _(ctx context.Context) (store.Backend, error) {
	url := os.Getenv("DATABASE_URL")
	if url == "" {
		return nil, errors.New("DATABASE_URL is not set") // pgx would use a default database
	}
	db, err := sql.Open("pgx", url)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(20)
	db.SetMaxIdleConns(20)
	return sqlstore.New(ctx, db, sqlstore.PostgreSQL) // creates or migrates its tables
}

func _(accounts store.Backend) (store.Backend, error) {
	rdb := redis.NewClient(&redis.Options{Addr: "localhost:6379", ContextTimeoutEnabled: true})
	volatile, err := redisstore.NewVolatile(rdb)
	if err != nil {
		return nil, err
	}
	sessions.Store = goredisstore.New(rdb)
	return store.Split(accounts, volatile), nil
}
