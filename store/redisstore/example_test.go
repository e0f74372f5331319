package redisstore_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/redisstore"
)

// Everything in a Redis that keeps its data: appendonly yes, and nothing evicted.
func ExampleNew() {
	client := redis.NewClient(&redis.Options{
		Addr:                  "127.0.0.1:6379",
		ContextTimeoutEnabled: true,
		DialTimeout:           time.Second,
		DialerRetries:         1,
		MaxRetries:            1,
	})
	defer client.Close()

	everything, err := redisstore.New(context.Background(), client,
		redisstore.WithPrefix("acme:"),
		redisstore.WithExisting(), // after the first start
	)
	if err != nil {
		log.Fatal(err)
	}
	_ = everything // is a store.Watcher
}

// A Redis that keeps nothing is enough for tests.
func ExampleWithInsecureNoAppendOnly() {
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:6379", ContextTimeoutEnabled: true})
	defer client.Close()
	if _, err := redisstore.New(context.Background(), client, redisstore.WithInsecureNoAppendOnly()); err != nil {
		log.Fatal(err)
	}
}

// A primary that Sentinel names, and its successor when it is gone.
func ExampleNew_sentinel() {
	client := redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName:            "eagate",
		SentinelAddrs:         []string{"10.0.0.1:26379", "10.0.0.2:26379", "10.0.0.3:26379"},
		ContextTimeoutEnabled: true,
	})
	defer client.Close()

	everything, err := redisstore.New(context.Background(), client)
	if err != nil {
		log.Fatal(err)
	}
	_ = everything
}

// Accounts where nothing is lost, and the rest in any Redis.
func ExampleNewVolatile() {
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:6379", ContextTimeoutEnabled: true})
	defer client.Close()

	volatile, err := redisstore.NewVolatile(client)
	if err != nil {
		log.Fatal(err)
	}
	everything := store.Split(store.NewMemory(), volatile) // in earnest, a SQL database
	_ = everything

	// What must not be lost is refused.
	_, err = volatile.Get(context.Background(), store.Accounts, "u-42")
	fmt.Println(err != nil)
	// Output: true
}
