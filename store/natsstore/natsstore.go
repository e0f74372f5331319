package natsstore

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"regexp"
	"sync/atomic"
	"time"

	"github.com/eagate/eagate/store"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// A Store is a [store.Backend] and [store.Watcher] in a bucket of NATS JetStream KV, made
// by [New]. It is safe for concurrent use. It has no goroutines between calls and needn't
// be closed.
type Store struct {
	nc     *nats.Conn
	js     jetstream.JetStream
	legacy nats.JetStreamContext // has synchronous ordered consumers
	stream jetstream.Stream

	bucket     string
	prefix     string // of a key in a subject
	replicated bool
	marker     *jetstream.RawStreamMsg // the bucket's first message, which identifies it
	seen       atomic.Uint64           // the highest sequence of this Store's writes

	lock    chan struct{} // full while the indexes are in use
	indexes map[store.Kind]*index
}

var _ store.Watcher = (*Store)(nil)

// An Option is an option of [New].
type Option func(*options)

var bucketName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

type options struct {
	bucket   string
	replicas int
	existing bool
}

// WithBucket sets the name of the bucket, which nothing else may use: letters, digits, "_"
// and "-"; [New] reports all others. The default is "eagate".
func WithBucket(name string) Option { return func(o *options) { o.bucket = name } }

// WithReplicas sets the number of servers that must keep the bucket: 1, 3 or 5. The
// default is 3 in a cluster, and 1 on a single server. [New] reports
// a bucket with another number, and more than 1 on a server older than NATS 2.12.
func WithReplicas(n int) Option { return func(o *options) { o.replicas = n } }

// WithExisting makes [New] return an error if there is no bucket, instead of creating
// one. Without it, New creates the bucket. Use it after the first start, so that a lost
// bucket is an error and doesn't look like users without second factors.
func WithExisting() Option { return func(o *options) { o.existing = true } }

// New opens a bucket, and creates it if there is none. It returns all faults of the
// configuration, each with a remedy; the package comment has the requirements for the
// bucket and the connection. The caller closes the connection.
func New(ctx context.Context, nc *nats.Conn, opts ...Option) (*Store, error) {
	o := options{bucket: "eagate"}
	for _, opt := range opts {
		opt(&o)
	}
	if nc == nil || !nc.IsConnected() {
		return nil, errors.New("natsstore: no connection to NATS: give New one that is connected")
	}
	if o.replicas == 0 {
		o.replicas = 1
		if nc.ConnectedClusterName() != "" {
			o.replicas = 3
		}
	}
	faults := connectionFaults(nc, o.replicas)
	if !bucketName.MatchString(o.bucket) {
		return nil, errors.Join(append(faults, fmt.Errorf("natsstore: bucket %q: use letters, digits, _ and - in WithBucket", o.bucket))...)
	}

	js, err := jetstream.New(nc)
	if err != nil {
		return nil, fmt.Errorf("natsstore: %w", err)
	}
	legacy, err := nc.JetStream(nats.MaxWait(time.Second)) // so that a watch ends soon
	if err != nil {
		return nil, fmt.Errorf("natsstore: %w", err)
	}
	stream, err := js.Stream(ctx, "KV_"+o.bucket)
	if errors.Is(err, jetstream.ErrStreamNotFound) && !o.existing {
		if len(faults) > 0 {
			return nil, errors.Join(faults...)
		}
		stream, err = js.CreateStream(ctx, newBucket(o.bucket, o.replicas))
	}
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound) && o.existing:
		err = fmt.Errorf("natsstore: bucket %q doesn't exist: restore it, or create it by New without WithExisting", o.bucket)
		return nil, errors.Join(append(faults, err)...)
	case err != nil:
		err = fmt.Errorf("natsstore: bucket %q: %w (is JetStream enabled in the server, and for this user?)", o.bucket, err)
		return nil, errors.Join(append(faults, err)...)
	}
	info := stream.CachedInfo()
	faults = append(faults, bucketFaults(o.bucket, o.replicas, info.Config)...)
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}

	s := &Store{
		nc:         nc,
		js:         js,
		legacy:     legacy,
		stream:     stream,
		bucket:     o.bucket,
		prefix:     "$KV." + o.bucket + ".",
		replicated: o.replicas > 1,
		lock:       make(chan struct{}, 1),
		indexes:    make(map[store.Kind]*index),
	}
	if err := s.readMarker(ctx, info.State.LastSeq == 0); err != nil {
		return nil, err
	}
	return s, nil
}

// markerKey is the key of the first message in a bucket.
const markerKey = "marker"

// readMarker reads the marker of the bucket, after writing it into a new one.
func (s *Store) readMarker(ctx context.Context, fresh bool) (err error) {
	if fresh {
		_, err := s.publish(ctx, markerKey, nil, []byte(rand.Text()), jetstream.WithExpectLastSequencePerSubject(0))
		if err != nil && !errors.Is(err, store.ErrConflict) { // otherwise another node was first
			return err
		}
	}
	s.marker, err = s.last(ctx, markerKey)
	if err == nil && s.marker == nil {
		return fmt.Errorf("natsstore: bucket %q was used, but has no key %q: it was purged, or isn't eagate's; restore it, or use another one by WithBucket", s.bucket, markerKey)
	}
	return err
}

// checkMarker returns an error unless the bucket is still the one that New opened. It
// must follow the reads that depend on that.
func (s *Store) checkMarker(ctx context.Context) error {
	m, err := s.last(ctx, markerKey)
	if err == nil && (m == nil || m.Sequence != s.marker.Sequence || !bytes.Equal(m.Data, s.marker.Data)) {
		return fmt.Errorf("natsstore: bucket %q has changed since the start: it was deleted, purged or created again; restore it, and restart the program", s.bucket)
	}
	return err
}
