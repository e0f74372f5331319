package redisstore

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eagate/eagate/store"
)

const (
	beat    = time.Second     // between heartbeats
	silence = 4 * time.Second // without heartbeats, after which a watch ends
)

// Watch implements [store.Watcher], by publish/subscribe.
//
// Redis drops messages when a connection breaks, also between servers of a cluster, and
// a demoted server forwards none. So messages are numbered, and once a second Watch has
// the primaries send their last numbers the same way. It returns an error if these
// don't arrive for 4 seconds.
func (s *Store) Watch(ctx context.Context, kind store.Kind, changed func(id string)) error {
	if err := cmp.Or(ctx.Err(), kind.Check(), s.checkKind(kind)); err != nil {
		return err
	}
	inner, stop := context.WithCancelCause(ctx)
	w := watch{store: s, kind: kind, beats: s.prefix + "watch:" + rand.Text(), changed: changed, stop: stop}
	w.watchdog = time.AfterFunc(silence, func() {
		stop(fmt.Errorf("redisstore: watching: no heartbeat within %v", silence))
	})
	stop(w.receive(inner))
	w.watchdog.Stop()
	w.beating.Wait()
	return cmp.Or(ctx.Err(), context.Cause(inner))
}

// channel is the channel on which writes of a kind are reported.
func (s *Store) channel(kind store.Kind) string { return s.prefix + "changed:" + string(kind) }

// A watch is a running call of Watch.
type watch struct {
	store    *Store
	kind     store.Kind
	beats    string // the channel of its heartbeats
	changed  func(id string)
	stop     context.CancelCauseFunc
	watchdog *time.Timer
	beating  sync.WaitGroup

	begun bool
	last  [shards]uint64 // the number of each shard's last message
	alive [shards]bool   // shards with a heartbeat in this round
	count int            // of alive
}

// receive passes messages on until ctx ends or the connection breaks.
func (w *watch) receive(ctx context.Context) error {
	sub := w.store.client.Subscribe(ctx)
	defer sub.Close()
	// Receive ignores the context while it reads.
	defer context.AfterFunc(ctx, func() { sub.Close() })()

	channels := []string{w.store.channel(w.kind), w.beats}
	if err := sub.Subscribe(ctx, channels...); err != nil {
		return fault(ctx, "subscribing", err)
	}
	confirmed := 0
	for {
		received, err := sub.Receive(ctx)
		if err != nil {
			return fault(ctx, "watching", err)
		}
		switch m := received.(type) {
		case *redis.Subscription:
			if confirmed++; confirmed == len(channels) {
				w.beating.Go(func() { w.stop(w.beat(ctx)) })
			}
		case *redis.Message:
			if err := w.message(m); err != nil {
				return err
			}
		}
	}
}

// beat makes the servers send heartbeats, until that fails or ctx is done.
func (w *watch) beat(ctx context.Context) error {
	for {
		var calls [shards]*call
		for n := range calls {
			calls[n] = w.store.call(beatScript, n, w.kind, "", w.beats)
		}
		if _, err := run(ctx, w.store, "sending heartbeats", (*redis.Cmd).Int, calls[:]...); err != nil {
			return err
		}
		if err := wait(ctx, beat); err != nil {
			return err
		}
	}
}

func (w *watch) message(m *redis.Message) error {
	shard, rest, _ := strings.Cut(m.Payload, " ")
	number, id, _ := strings.Cut(rest, " ")
	n, err := strconv.Atoi(shard)
	last, err2 := strconv.ParseUint(number, 10, 64)
	if err := errors.Join(err, err2); err != nil || n < 0 || n >= shards {
		return fmt.Errorf("redisstore: watching: unknown message on %q: %.40q", m.Channel, m.Payload)
	}
	isBeat := m.Channel == w.beats
	whole := last == w.last[n]+1 && !isBeat || last == w.last[n] && isBeat
	w.last[n] = last
	if isBeat && !w.alive[n] {
		w.alive[n] = true
		w.count++
	}
	switch {
	case w.begun && !whole:
		w.call("")
	case w.begun && !isBeat:
		w.call(id)
	}
	if w.count == shards {
		w.alive, w.count = [shards]bool{}, 0
		w.watchdog.Reset(silence)
		if !w.begun {
			w.begun = true
			w.call("")
		}
	}
	return nil
}

// call calls changed, with the watchdog stopped.
func (w *watch) call(id string) {
	w.watchdog.Stop()
	defer w.watchdog.Reset(silence)
	w.changed(id)
}
