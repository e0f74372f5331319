package natsstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/eagate/eagate/store"
	"github.com/nats-io/nats.go"
)

// quiet is the time without messages after which a follower checks that it isn't cut off.
const quiet = 2 * time.Second

var (
	errDone = errors.New("done")
	errLag  = errors.New("the server that is read from lags behind the leader of the bucket's stream")
)

// An event is a message, or a time without messages.
type event struct {
	seq    uint64 // 0 if there was no message
	id     string // "" for a sync
	header nats.Header
}

// Watch implements [store.Watcher]. It returns an error when the connection breaks, or
// when the server that it reads from lags. After every two seconds without writes it
// writes a message of its own, to check that it isn't cut off.
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
		switch {
		case e.seq == 0 && seq < synced:
			return errLag
		case e.seq == 0:
			synced, err = s.sync(ctx, kind)
			return errors.Join(err, s.checkMarker(ctx))
		case e.id != "" && e.header.Get(headerNotify) != "":
			changed(e.id)
		}
		seq = e.seq
		return nil
	})
}

// follow calls each with the messages of a kind after a sequence, in order, until each
// returns an error; after errDone it returns nil. It calls begun when it can no longer
// miss a message.
func (s *Store) follow(ctx context.Context, kind store.Kind, behind uint64, begun func(), each func(event) error) error {
	alive, release := s.whileConnected(ctx)
	defer release()
	var sub *nats.Subscription
	err := s.do(ctx, func(context.Context) (err error) {
		// An ordered consumer detects a lost message, and starts again there.
		sub, err = s.legacy.SubscribeSync(s.prefix+string(kind)+".*", nats.BindStream("KV_"+s.bucket),
			nats.OrderedConsumer(), nats.StartSequence(behind+1), nats.HeadersOnly(), nats.Context(alive))
		return err
	})
	if err != nil {
		return err
	}
	defer sub.Unsubscribe()
	if err := s.checkMarker(ctx); err != nil {
		return err
	}
	begun()
	for {
		e, err := s.next(alive, sub, kind)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case alive.Err() != nil:
			err = context.Cause(alive)
		case err == nil:
			err = each(e)
		}
		if errors.Is(err, errDone) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("natsstore: bucket %q: %w", s.bucket, err)
		}
	}
}

func (s *Store) next(ctx context.Context, sub *nats.Subscription, kind store.Kind) (event, error) {
	ctx, cancel := context.WithTimeout(ctx, quiet)
	defer cancel()
	m, err := sub.NextMsgWithContext(ctx)
	if err != nil {
		if ctx.Err() != nil {
			err = nil
		}
		return event{}, err
	}
	meta, err := m.Metadata()
	if err != nil {
		return event{}, err
	}
	return event{meta.Sequence.Stream, docID(kind, strings.TrimPrefix(m.Subject, s.prefix)), m.Header}, nil
}
