package natsstore_test

import (
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/testenv"
	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/natsstore"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// goodBucket is the configuration of a bucket that New takes.
func goodBucket(name string) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name:              "KV_" + name,
		Subjects:          []string{"$KV." + name + ".>"},
		Storage:           jetstream.FileStorage,
		MaxMsgsPerSubject: 1,
		Discard:           jetstream.DiscardNew,
	}
}

func TestBucketFaults(t *testing.T) {
	server := testenv.Server(t, "nats", "nats://127.0.0.1:4222").String()
	for _, test := range []struct {
		name   string
		change func(*jetstream.StreamConfig)
		opts   []natsstore.Option
		want   []string // in the error; none if New must succeed
	}{
		{"good", func(c *jetstream.StreamConfig) {}, nil, nil},
		{"memory", func(c *jetstream.StreamConfig) { c.Storage = jetstream.MemoryStorage }, nil, []string{"file storage"}},
		{"replicas", func(c *jetstream.StreamConfig) {}, []natsstore.Option{natsstore.WithReplicas(3)}, []string{"1 replicas: set 3"}},
		{"history", func(c *jetstream.StreamConfig) { c.MaxMsgsPerSubject = 5 }, nil, []string{"history of 5: set 1"}},
		{"max age", func(c *jetstream.StreamConfig) { c.MaxAge = time.Hour }, nil, []string{"after 1h0m0s"}},
		{"discard", func(c *jetstream.StreamConfig) { c.Discard = jetstream.DiscardOld }, nil, []string{"discard policy"}},
		{"discard per subject", func(c *jetstream.StreamConfig) { c.DiscardNewPerSubject = true }, nil, []string{"discard policy"}},
		{"value size", func(c *jetstream.StreamConfig) { c.MaxMsgSize = 4096 }, nil, []string{"values of 4096 bytes"}},
		{"enough size", func(c *jetstream.StreamConfig) { c.MaxMsgSize = store.MaxBody + 2048 }, nil, nil},
		{"consumers", func(c *jetstream.StreamConfig) { c.MaxConsumers = 1 }, nil, []string{"1 consumers"}},
		{"no ack", func(c *jetstream.StreamConfig) { c.NoAck = true }, nil, []string{"no_ack"}},
		{"purge denied", func(c *jetstream.StreamConfig) { c.DenyPurge = true }, nil, []string{"deny_purge"}},
		{"direct gets", func(c *jetstream.StreamConfig) { c.AllowDirect = true }, nil, []string{"--no-allow-direct"}},
		{"republish", func(c *jetstream.StreamConfig) { c.RePublish = &jetstream.RePublish{Destination: "copy.>"} }, nil, []string{"unset republish"}},
		{"retention", func(c *jetstream.StreamConfig) { c.Retention = jetstream.InterestPolicy }, nil, []string{"with limits"}},
		{"subjects", func(c *jetstream.StreamConfig) { c.Subjects = append(c.Subjects, c.Name+".more") }, nil, []string{"alone"}},
		{"sealed", func(c *jetstream.StreamConfig) { c.Sealed = true }, nil, []string{"don't seal it"}},
		{"all at once", func(c *jetstream.StreamConfig) {
			c.Storage, c.MaxAge, c.MaxMsgsPerSubject = jetstream.MemoryStorage, time.Hour, 2
		}, nil, []string{"file storage", "after 1h0m0s", "history of 2"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			nc := connect(t, server)
			name := newBucket(t, server)
			c := goodBucket(name)
			test.change(&c)
			if c.Sealed { // only an existing stream can be sealed
				c.Sealed = false
				expect.Try(stream(t, nc).CreateStream(t.Context(), c)).OrFail(t)
				c.Sealed = true
			}
			expect.Try(stream(t, nc).CreateOrUpdateStream(t.Context(), c)).OrFail(t)
			if test.opts != nil && !replicates(nc.ConnectedServerVersion()) {
				test.want = append(test.want, "2.12 or later")
			}
			_, err := natsstore.New(t.Context(), nc, append(test.opts, natsstore.WithBucket(name))...)
			wantFaults(t, err, test.want...)
		})
	}

	t.Run("mirror", func(t *testing.T) {
		nc := connect(t, server)
		origin, name := newBucket(t, server), newBucket(t, server)
		open(t, nc, natsstore.WithBucket(origin))
		c := jetstream.StreamConfig{Name: "KV_" + name, Mirror: &jetstream.StreamSource{Name: "KV_" + origin}}
		expect.Try(stream(t, nc).CreateStream(t.Context(), c)).OrFail(t)
		_, err := natsstore.New(t.Context(), nc, natsstore.WithBucket(name))
		wantFaults(t, err, "copy of another one")
	})
	t.Run("name", func(t *testing.T) {
		for _, name := range []string{"", "a.b", "a b", "*", ">", "ä"} {
			_, err := natsstore.New(t.Context(), connect(t, server), natsstore.WithBucket(name))
			wantFaults(t, err, "use letters")
		}
	})
	t.Run("existing", func(t *testing.T) {
		nc := connect(t, server)
		name := natsstore.WithBucket(newBucket(t, server))
		_, err := natsstore.New(t.Context(), nc, name, natsstore.WithExisting())
		wantFaults(t, err, "doesn't exist")
		open(t, nc, name)
		open(t, nc, name, natsstore.WithExisting())
	})
	t.Run("used by something else", func(t *testing.T) {
		nc := connect(t, server)
		name := newBucket(t, server)
		expect.Try(stream(t, nc).CreateStream(t.Context(), goodBucket(name))).OrFail(t)
		expect.Try(stream(t, nc).Publish(t.Context(), "$KV."+name+".colour", []byte("blue"))).OrFail(t)
		_, err := natsstore.New(t.Context(), nc, natsstore.WithBucket(name))
		wantFaults(t, err, "was used")
	})
}

func TestConnectionFaults(t *testing.T) {
	server := testenv.Server(t, "nats", "nats://127.0.0.1:4222").String()
	for _, test := range []struct {
		name string
		opts []nats.Option
		want []string
	}{
		{"buffer", []nats.Option{nats.ReconnectBufSize(nats.DefaultReconnectBufSize)}, []string{"ReconnectBufSize(-1)"}},
		{"gives up", []nats.Option{nats.MaxReconnects(60)}, []string{"MaxReconnects(-1)"}},
		{"no reconnect", []nats.Option{nats.NoReconnect()}, []string{"NoReconnect"}},
		{"both", []nats.Option{nats.ReconnectBufSize(1), nats.MaxReconnects(60)}, []string{"ReconnectBufSize(-1)", "MaxReconnects(-1)"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := natsstore.New(t.Context(), connect(t, server, test.opts...), natsstore.WithBucket(newBucket(t, server)))
			wantFaults(t, err, test.want...)
		})
	}
	t.Run("none", func(t *testing.T) {
		_, err := natsstore.New(t.Context(), nil)
		wantFaults(t, err, "no connection")
	})
	t.Run("closed", func(t *testing.T) {
		nc := connect(t, server)
		nc.Close()
		_, err := natsstore.New(t.Context(), nc)
		wantFaults(t, err, "no connection")
	})
	t.Run("with those of the bucket", func(t *testing.T) {
		nc := connect(t, server, nats.MaxReconnects(60))
		name := newBucket(t, server)
		c := goodBucket(name)
		c.MaxAge = time.Hour
		expect.Try(stream(t, nc).CreateStream(t.Context(), c)).OrFail(t)
		_, err := natsstore.New(t.Context(), nc, natsstore.WithBucket(name))
		wantFaults(t, err, "MaxReconnects(-1)", "max age")
	})
	t.Run("payload", func(t *testing.T) {
		s := startServer(t, "max_payload: 65536")
		_, err := natsstore.New(t.Context(), connect(t, s.url))
		wantFaults(t, err, "max_payload")
	})
	t.Run("no jetstream", func(t *testing.T) {
		s := startServer(t, "jetstream: disabled")
		_, err := natsstore.New(t.Context(), connect(t, s.url))
		wantFaults(t, err, "is JetStream enabled")
	})
}

// wantFaults checks that an error has these texts, one in each line.
func wantFaults(t *testing.T, err error, want ...string) {
	t.Helper()
	if len(want) == 0 {
		expect.NoError(t, err)
		return
	}
	if err == nil {
		t.Fatalf("got no error, want one with %q", want)
	}
	lines := strings.Split(err.Error(), "\n")
	expect.Equal(t, len(lines), len(want), "faults")
	for _, text := range want {
		expect.Contains(t, err.Error(), text)
	}
}
