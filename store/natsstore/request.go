package natsstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/eagate/eagate/store"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	patience = 5 * time.Second        // how long a request waits for its answer
	moment   = 200 * time.Millisecond // and after its context has ended, and for a new connection
)

// Numbers of errors of JetStream. That of a conflict depends on the server's
// version and the number of replicas.
const (
	noMessage       jetstream.ErrorCode = 10037
	wrongSequence   jetstream.ErrorCode = 10071
	anotherSequence jetstream.ErrorCode = 10164
	headerDue                           = "Eagate-Due" // microseconds since 1970
	headerNotify                        = "Eagate-Notify"
	headerOperation                     = "KV-Operation" // how the NATS tools delete a key
	markerKey                           = "marker"
	barrierKey                          = "barrier"
)

var (
	errBroken   = errors.New("natsstore: the connection to NATS is broken")
	errNoAnswer = fmt.Errorf("natsstore: no answer within %v: the leader of the bucket's stream is away", patience)
)

// A stored is a message as the stream has it.
type stored struct {
	Subject string `json:"subject"`
	Seq     uint64 `json:"seq"`
	Header  []byte `json:"hdrs"`
	Data    []byte `json:"data"`
}

// An answer is what JetStream answers to any of the requests here.
type answer struct {
	Error   *jetstream.APIError `json:"error"`
	Message *stored             `json:"message"`
	Seq     uint64              `json:"seq"`
	Purged  uint64              `json:"purged"`
}

// request sends one message, once, and returns the answer. When ctx ends
// meanwhile, it still waits a moment for it: what was sent can't be taken back.
func (s *Store) request(ctx context.Context, subject string, header nats.Header, data []byte) (answer, error) {
	if err := s.ready(ctx); err != nil {
		return answer{}, err
	}
	timed, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), patience, errNoAnswer)
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(moment, cancel) })()
	waiting, release := s.whileConnected(timed)
	defer release()
	m, err := s.nc.RequestMsgWithContext(waiting, &nats.Msg{Subject: subject, Header: header, Data: data})
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return answer{}, ctx.Err()
	case waiting.Err() != nil:
		return answer{}, context.Cause(waiting)
	case errors.Is(err, nats.ErrReconnectBufExceeded):
		return answer{}, errBroken
	default:
		return answer{}, fmt.Errorf("natsstore: %w", err)
	}
	var a answer
	if err := json.Unmarshal(m.Data, &a); err != nil {
		return answer{}, fmt.Errorf("natsstore: answer of JetStream: %w", err)
	}
	if a.Error != nil {
		return answer{}, fmt.Errorf("natsstore: bucket %q: %w", s.bucket, a.Error)
	}
	return a, nil
}

// ready waits a moment for a connection that is broken.
func (s *Store) ready(ctx context.Context) error {
	mended := s.nc.StatusChanged(nats.CONNECTED, nats.CLOSED)
	defer s.nc.RemoveStatusListener(mended)
	if s.nc.IsReconnecting() {
		select {
		case <-mended:
		case <-time.After(moment):
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

// whileConnected returns a context that also ends when the connection breaks:
// the answer to a request, or a message of a consumer, then never comes.
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

// api calls a function of JetStream's interface for the stream. Only the
// stream's leader answers, unlike a direct get.
func (s *Store) api(ctx context.Context, function string, args any) (answer, error) {
	data, err := json.Marshal(args)
	if err != nil {
		return answer{}, fmt.Errorf("natsstore: %w", err)
	}
	return s.request(ctx, "$JS.API."+function+".KV_"+s.bucket, nil, data)
}

// message returns the message that get selects, or nil if there is none.
func (s *Store) message(ctx context.Context, get map[string]any) (*stored, error) {
	a, err := s.api(ctx, "STREAM.MSG.GET", get)
	if hasCode(err, noMessage) {
		return nil, nil
	}
	if err == nil && a.Message == nil {
		err = fmt.Errorf("natsstore: bucket %q: an answer without a message", s.bucket)
	}
	return a.Message, err
}

// last returns the last message of a key, or nil if there is none.
func (s *Store) last(ctx context.Context, key string) (*stored, error) {
	return s.message(ctx, map[string]any{"last_by_subj": s.subject(key)})
}

// expect is the header of a write that must follow one with that sequence.
func expect(version uint64) nats.Header {
	return nats.Header{jetstream.ExpectedLastSubjSeqHeader: {strconv.FormatUint(version, 10)}}
}

// publish writes a message, and returns its sequence. In a cluster, that needs
// most of the bucket's servers.
func (s *Store) publish(ctx context.Context, key string, header nats.Header, data []byte) (uint64, error) {
	before := s.seen.Load()
	header.Set(jetstream.ExpectedStreamHeader, "KV_"+s.bucket)
	a, err := s.request(ctx, s.subject(key), header, data)
	if hasCode(err, wrongSequence) || hasCode(err, anotherSequence) {
		return 0, store.ErrConflict
	}
	if err != nil {
		return 0, err
	}
	if a.Seq <= before {
		return 0, fmt.Errorf("natsstore: bucket %q has lost writes: its sequence fell from %d to %d; restore it, and start the program again", s.bucket, before, a.Seq)
	}
	for seen := before; seen < a.Seq && !s.seen.CompareAndSwap(seen, a.Seq); {
		seen = s.seen.Load()
	}
	return a.Seq, nil
}

// barrier comes before reads. A server that still takes itself for the
// stream's leader, or that has just become it, may lack writes; it can't
// confirm one of its own before it has them all.
func (s *Store) barrier(ctx context.Context) error {
	if !s.replicated {
		return ctx.Err()
	}
	_, err := s.publish(ctx, barrierKey, nats.Header{}, nil)
	return err
}

func (s *Store) subject(key string) string { return "$KV." + s.bucket + "." + key }

func hasCode(err error, code jetstream.ErrorCode) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && api.ErrorCode == code
}
