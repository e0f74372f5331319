package natsstore_test

import (
	"context"
	"log"
	"time"

	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/natsstore"
	"github.com/nats-io/nats.go"
)

// It needs a server with JetStream, and so isn't run with the tests.
func ExampleNew() {
	ctx := context.Background()
	nc, err := nats.Connect("nats://127.0.0.1:4222",
		nats.ReconnectBufSize(-1), // what couldn't be sent isn't sent later
		nats.MaxReconnects(-1),    // never give up
		nats.ReconnectWait(100*time.Millisecond),
		nats.PingInterval(10*time.Second),
	)
	if err != nil {
		log.Fatal(err)
	}
	defer nc.Close()

	// Once the bucket is there, add natsstore.WithExisting().
	backend, err := natsstore.New(ctx, nc, natsstore.WithBucket("accounts"))
	if err != nil {
		log.Fatal(err) // with all faults of the configuration
	}
	var _ store.Watcher = backend // for middleware.WithStore
}
