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

// quiet is after how much silence a follower makes sure that it isn't cut off.
const quiet = 2 * time.Second

var (
	errDone = errors.New("done")
	errLag  = errors.New("the server that is read from lags behind the leader of the bucket's stream")
)

// An event is what follow comes upon: the headers of a message, or none for a
// while.
type event struct {
	seq    uint64 // 0 if there was no message
	id     string // "" for a sync
	header nats.Header
}

// Watch implements [store.Watcher]. It returns when the connection breaks, or
// when the server that it reads from lags: call it again then. Every two
// seconds without writes it writes a message of its own, to see that it isn't
// cut off.
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
			return errors.Join(err, s.same(ctx))
		case e.id != "" && e.header.Get(headerNotify) != "":
			changed(e.id)
		}
		seq = e.seq
		return nil
	})
}

// follow calls each with the messages of a kind behind a sequence, in their
// order, until that returns an error; errDone counts as none. It calls begun
// when it can miss no further message.
func (s *Store) follow(ctx context.Context, kind store.Kind, behind uint64, begun func(), each func(event) error) error {
	alive, release := s.whileConnected(ctx)
	defer release()
	var sub *nats.Subscription
	err := s.do(ctx, func(context.Context) (err error) {
		// An ordered consumer notices where a message is lost, and begins anew there.
		sub, err = s.legacy.SubscribeSync(s.prefix+string(kind)+".*", nats.BindStream("KV_"+s.bucket),
			nats.OrderedConsumer(), nats.StartSequence(behind+1), nats.HeadersOnly(), nats.Context(alive))
		return err
	})
	if err != nil {
		return err
	}
	defer sub.Unsubscribe()
	if err := s.same(ctx); err != nil {
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
