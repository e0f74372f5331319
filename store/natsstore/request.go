package natsstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/eagate/eagate/store"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	patience = 5 * time.Second        // how long a request waits for its response
	moment   = 200 * time.Millisecond // the same after its context is done, and for a new connection
)

// The error of JetStream for another version depends on the server's version and on
// the number of replicas.
var conflict, conflictReplicated = &jetstream.APIError{ErrorCode: 10071}, &jetstream.APIError{ErrorCode: 10164}

var (
	errBroken   = errors.New("the connection is broken")
	errNoAnswer = fmt.Errorf("no answer within %v: the leader of the bucket's stream is away", patience)
)

// do makes a request, once. If ctx is done before the response, it waits for a moment,
// because a request that was sent can't be cancelled.
func (s *Store) do(ctx context.Context, request func(context.Context) error) error {
	connected := s.nc.StatusChanged(nats.CONNECTED, nats.CLOSED)
	defer s.nc.RemoveStatusListener(connected)
	if s.nc.IsReconnecting() {
		select {
		case <-connected:
		case <-time.After(moment):
		case <-ctx.Done():
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	timed, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), patience, errNoAnswer)
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(moment, cancel) })()
	waiting, release := s.whileConnected(timed)
	defer release()
	err := request(waiting)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, conflict), errors.Is(err, conflictReplicated):
		return store.ErrConflict
	case ctx.Err() != nil:
		return ctx.Err()
	case waiting.Err() != nil:
		err = context.Cause(waiting)
	case errors.Is(err, nats.ErrReconnectBufExceeded):
		err = errBroken
	}
	return fmt.Errorf("natsstore: bucket %q: %w", s.bucket, err)
}

// whileConnected returns a context that also ends when the connection breaks, because the
// response to a request, or a consumer's message, then never arrives.
func (s *Store) whileConnected(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	broken := s.nc.StatusChanged(nats.RECONNECTING, nats.CLOSED)
	go func() {
		select {
		case <-broken:
			cancel(errBroken)
		case <-ctx.Done():
		}
		s.nc.RemoveStatusListener(broken)
	}()
	return ctx, func() { cancel(nil) }
}

// last returns the last message of a key, or nil. The leader of the stream responds,
// because the bucket doesn't allow direct gets.
func (s *Store) last(ctx context.Context, key string) (m *jetstream.RawStreamMsg, err error) {
	err = s.do(ctx, func(ctx context.Context) error {
		m, err = s.stream.GetLastMsgForSubject(ctx, s.prefix+key)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			m, err = nil, nil
		}
		return err
	})
	return m, err
}

// publish writes a message, and returns its sequence. In a cluster, a majority of the
// bucket's servers must confirm it.
func (s *Store) publish(ctx context.Context, key string, header nats.Header, data []byte, opts ...jetstream.PublishOpt) (uint64, error) {
	before := s.seen.Load()
	var ack *jetstream.PubAck
	err := s.do(ctx, func(ctx context.Context) (err error) {
		opts = append(opts, jetstream.WithExpectStream("KV_"+s.bucket), jetstream.WithRetryAttempts(0))
		ack, err = s.js.PublishMsg(ctx, &nats.Msg{Subject: s.prefix + key, Header: header, Data: data}, opts...)
		return err
	})
	if err != nil {
		return 0, err
	}
	if ack.Sequence <= before {
		return 0, fmt.Errorf("natsstore: bucket %q has lost writes: its sequence fell from %d to %d; restore it, and start the program again", s.bucket, before, ack.Sequence)
	}
	for seen := before; seen < ack.Sequence && !s.seen.CompareAndSwap(seen, ack.Sequence); {
		seen = s.seen.Load()
	}
	return ack.Sequence, nil
}

// barrier comes before reads. A server that still takes itself for the
// stream's leader, or that has just become it, may lack writes; it can't
// confirm one of its own before it has them all.
func (s *Store) barrier(ctx context.Context) error {
	if !s.replicated {
		return nil
	}
	_, err := s.publish(ctx, "barrier", nil, nil)
	return err
}

// sync writes a message that is delivered to each follower of the kind, and
// returns its sequence.
func (s *Store) sync(ctx context.Context, kind store.Kind) (uint64, error) {
	return s.publish(ctx, string(kind)+"."+syncID, nil, nil)
}

// purge removes the messages of a key before a sequence, and reports whether
// there were any. It leaves nothing behind, unlike the tools of NATS: a stream
// doesn't use a sequence again.
func (s *Store) purge(ctx context.Context, key string, before uint64) (bool, error) {
	var answer struct {
		Error  *jetstream.APIError `json:"error"`
		Purged int                 `json:"purged"`
	}
	err := s.do(ctx, func(ctx context.Context) error {
		args, err := json.Marshal(jetstream.StreamPurgeRequest{Subject: s.prefix + key, Sequence: before})
		if err != nil {
			return err
		}
		m, err := s.nc.RequestWithContext(ctx, "$JS.API.STREAM.PURGE.KV_"+s.bucket, args)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(m.Data, &answer); err != nil || answer.Error == nil {
			return err
		}
		return answer.Error
	})
	return answer.Purged > 0, err
}
