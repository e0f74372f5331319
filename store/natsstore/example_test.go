package natsstore_test

import (
	"context"
	"log"
	"os"
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

	options := []natsstore.Option{natsstore.WithBucket("accounts"), natsstore.WithReplicas(3)} // in a cluster
	if os.Getenv("FIRST_START") == "" {
		options = append(options, natsstore.WithExisting()) // a bucket that is gone is a fault
	}
	backend, err := natsstore.New(ctx, nc, options...)
	if err != nil {
		log.Fatal(err) // with all faults of the configuration
	}
	var _ store.Watcher = backend // for middleware.WithStore
}
