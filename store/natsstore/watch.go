package natsstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/eagate/eagate/store"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// heartbeat is after how much silence the server says that it is there.
const heartbeat = 2 * time.Second

var (
	errDone = errors.New("done")
	errLost = errors.New("natsstore: messages of a consumer were lost")
	errLag  = errors.New("natsstore: a server lags behind the stream's leader")
)

// An event is what follow comes upon: a message's headers, or that there was no
// message for a while.
type event struct {
	seq    uint64
	id     string // "" for a sync
	header nats.Header
	idle   bool
}

// Watch implements [store.Watcher]. It returns when the connection breaks, or
// when the server that it reads from lags or is away; call it again then.
// Every two seconds without writes, it writes a message of its own to see that
// it isn't cut off.
func (s *Store) Watch(ctx context.Context, kind store.Kind, changed func(id string)) error {
	if err := errors.Join(kind.Check(), ctx.Err()); err != nil {
		return err
	}
	synced, err := s.sync(ctx, kind)
	if err != nil {
		return err
	}
	seq := synced
	return s.follow(ctx, kind, seq, func() { changed("") }, func(e event) error {
		if e.idle {
			if seq < synced {
				return errLag
			}
			synced, err = s.sync(ctx, kind)
			return err
		}
		seq = e.seq
		if e.id != "" && e.header.Get(headerNotify) != "" {
			changed(e.id)
		}
		return nil
	})
}

// follow calls each with the messages of a kind behind a sequence, in their
// order, until that returns an error; errDone counts as none. It calls begun,
// if not nil, when it can miss no further message. It notices if one is lost.
func (s *Store) follow(ctx context.Context, kind store.Kind, behind uint64, begun func(), each func(event) error) error {
	alive, cancel := s.whileConnected(ctx)
	defer cancel()
	sub, err := s.nc.SubscribeSync(s.nc.NewInbox())
	if err != nil {
		return fmt.Errorf("natsstore: %w", err)
	}
	defer sub.Unsubscribe()
	_, err = s.api(ctx, "CONSUMER.CREATE", map[string]any{
		"stream_name": "KV_" + s.bucket,
		"config": jetstream.ConsumerConfig{
			DeliverSubject: sub.Subject,
			DeliverPolicy:  jetstream.DeliverByStartSequencePolicy,
			OptStartSeq:    behind + 1,
			AckPolicy:      jetstream.AckNonePolicy,
			FilterSubject:  s.subject(string(kind) + ".*"),
			HeadersOnly:    true,
			FlowControl:    true,
			IdleHeartbeat:  heartbeat,
			MemoryStorage:  true,
			Replicas:       1,
		},
	})
	if err == nil {
		err = s.same(ctx)
	}
	if err != nil {
		return err
	}
	if begun != nil {
		begun()
	}
	for delivered := uint64(0); ; {
		e, err := s.next(alive, sub, kind, &delivered)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case alive.Err() != nil:
			return context.Cause(alive)
		case err != nil:
			return err
		}
		if err := each(e); errors.Is(err, errDone) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// next returns the next event of a consumer that has delivered so many messages.
func (s *Store) next(ctx context.Context, sub *nats.Subscription, kind store.Kind, delivered *uint64) (event, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*heartbeat)
	defer cancel()
	for {
		m, err := sub.NextMsgWithContext(ctx)
		if err != nil {
			return event{}, fmt.Errorf("natsstore: no sign of the consumer: %w", err)
		}
		if m.Header.Get("Status") == "" {
			meta, err := m.Metadata()
			if err != nil {
				return event{}, fmt.Errorf("natsstore: %w", err)
			}
			if *delivered++; meta.Sequence.Consumer != *delivered {
				return event{}, errLost
			}
			id := docID(kind, strings.TrimPrefix(m.Subject, s.subject("")))
			return event{seq: meta.Sequence.Stream, id: id, header: m.Header}, nil
		}
		// A request for flow control, or a heartbeat.
		if proceed := cmp.Or(m.Reply, m.Header.Get("Nats-Consumer-Stalled")); proceed != "" {
			if err := s.nc.Publish(proceed, nil); err != nil {
				return event{}, fmt.Errorf("natsstore: %w", err)
			}
		}
		if m.Reply == "" {
			if m.Header.Get("Nats-Last-Consumer") != strconv.FormatUint(*delivered, 10) {
				return event{}, errLost
			}
			return event{idle: true}, nil
		}
	}
}
