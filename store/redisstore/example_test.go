package redisstore_test

import (
	"context"
	"log"

	"github.com/redis/go-redis/v9"

	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/redisstore"
)

// Everything in a Redis that keeps its data: appendonly yes, and no eviction of
// accounts.
func ExampleNew() {
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:6379", ContextTimeoutEnabled: true})
	defer client.Close()

	everything, err := redisstore.New(context.Background(), client,
		redisstore.WithPrefix("acme:"),
		redisstore.WithExisting(), // after the first start
	)
	if err != nil {
		log.Fatal(err)
	}
	_ = everything // is a store.Store
}

// Accounts where nothing is lost, and the rest in any Redis.
func ExampleNewVolatile() {
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:6379", ContextTimeoutEnabled: true})
	defer client.Close()

	volatile, err := redisstore.NewVolatile(client)
	if err != nil {
		log.Fatal(err)
	}
	var accounts store.Accounts = store.NewMemory() // in earnest, a SQL database
	everything := store.Split(accounts, volatile)
	_ = everything
}
