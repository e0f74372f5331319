package waiting

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/eagate/eagate/store"
)

// A failed watch is restarted after a pause, which doubles.
const (
	firstPause   = time.Second
	longestPause = 30 * time.Second
)

// A run is the time in which the hub has users.
type run struct {
	ctx     context.Context
	stop    context.CancelFunc
	reading bool // whether read goes on
	ticks   int
}

// start starts a run, unless there is one. h.mu must be held.
func (h *Hub) start() {
	if h.run != nil {
		return
	}
	r := new(run)
	r.ctx, r.stop = context.WithCancel(context.Background())
	h.run = r
	h.accounts.watched, h.challenges.watched = false, false
	go h.tick(r)
	go watch(h, r, &h.accounts)
	go watch(h, r, &h.challenges)
}

// tick calls ticked every second until there are no users.
func (h *Hub) tick(r *run) {
	t := time.NewTicker(tick)
	defer t.Stop()
	for range t.C {
		if !h.ticked(r) {
			return
		}
	}
}

// ticked removes users without waiters, wakes waiters after an expiry or for a
// keep-alive, and starts reading records that are due. It returns false when no user is
// left.
func (h *Hub) ticked(r *run) bool {
	now := h.now()
	h.mu.Lock()
	defer h.mu.Unlock()
	r.ticks++
	for id, u := range h.users {
		if len(u.waiters) == 0 && time.Now().After(u.until) {
			h.drop(id, u)
			continue
		}
		if !u.expiry.IsZero() && !now.Before(u.expiry) {
			h.changed(u)
		}
		for _, w := range u.waiters {
			if w.slot == r.ticks%alive {
				w.due = true
				w.wake()
			}
		}
		h.forgetOld(u)
		if h.accounts.isDue(u.account) {
			h.accounts.mark(u.account)
		}
		for _, it := range u.challenges {
			if h.challenges.isDue(it) {
				h.challenges.mark(it)
			}
		}
	}
	if len(h.users) == 0 {
		h.run, h.accounts.marked, h.challenges.marked = nil, nil, nil
		r.stop()
		return false
	}
	h.kick()
	return true
}

// forgetOld removes challenges without waiters and recent requests.
func (h *Hub) forgetOld(u *user) {
	if len(u.waiters) > 0 {
		return
	}
	keep := u.challenges[:0]
	for _, it := range u.challenges {
		if time.Since(it.asked) < lease {
			keep = append(keep, it)
		} else {
			delete(h.challenges.items, it.id)
		}
	}
	clear(u.challenges[len(keep):])
	u.challenges = keep
}

// isDue reports whether a record must be read without a report of a change.
func (s *shelf[R]) isDue(it *item[R]) bool {
	return !s.watched || it.rec == nil || it.err != nil || time.Since(it.began) > net
}

// watch marks records that other nodes write, until the run ends. Without a watch, ticks
// read them.
func watch[R any](h *Hub, r *run, s *shelf[R]) {
	pause, failing := firstPause, false
	for {
		began := time.Now()
		err := h.records.Watch(r.ctx, s.kind, func(id string) {
			h.mu.Lock()
			defer h.mu.Unlock()
			if r.ctx.Err() != nil {
				return
			}
			if it := s.items[id]; it != nil {
				s.mark(it)
			} else if id == "" {
				if failing {
					h.logWatch(slog.LevelInfo, "eagate: writes are watched again", s.kind, nil)
				}
				s.watched, failing = true, false
				s.markAll()
			}
			h.kick()
		})
		if r.ctx.Err() != nil || errors.Is(err, errors.ErrUnsupported) {
			return
		}
		h.mu.Lock()
		s.watched = false
		if !failing {
			failing = true
			h.logWatch(slog.LevelWarn, "eagate: writes of other nodes aren't watched: waiting pages poll once a second", s.kind, err)
		}
		h.mu.Unlock()
		if time.Since(began) > longestPause { // it worked for some time
			pause = firstPause
		}
		if !sleep(r.ctx, pause/2+rand.N(pause/2)) {
			return
		}
		pause = min(2*pause, longestPause)
	}
}

func (h *Hub) logWatch(level slog.Level, text string, kind store.Kind, err error) {
	attrs := []slog.Attr{slog.String("kind", string(kind))}
	if err != nil {
		attrs = append(attrs, slog.Any("error", err))
	}
	h.log.LogAttrs(context.Background(), level, text, attrs...)
}
