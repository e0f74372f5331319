package waiting

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/eagate/eagate/store"
)

// A watch that broke off is begun again after a pause, which doubles.
const (
	firstPause   = time.Second
	longestPause = 30 * time.Second
)

// A run is the time in which somebody waits.
type run struct {
	ctx     context.Context
	stop    context.CancelFunc
	reading bool // whether read goes on
	ticks   int
}

// start begins a run, unless there is one. The lock must be held.
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

// tick does all that time does, until nobody waits any more.
func (h *Hub) tick(r *run) {
	t := time.NewTicker(tick)
	defer t.Stop()
	for range t.C {
		if !h.ticked(r) {
			return
		}
	}
}

// ticked forgets whom nobody waits for, wakes those for whom time has passed, and has
// everything read that isn't watched, or hasn't been read for long. It returns false
// when nobody is left.
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

// forgetOld forgets the challenges that nobody waits for, nor has asked for lately.
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

// isDue reports whether a record is to be read although nobody has said that it has
// changed.
func (s *shelf[R]) isDue(it *item[R]) bool {
	return !s.watched || it.rec == nil || it.err != nil || time.Since(it.began) > net
}

// watch has what is written elsewhere be read, as long as the run lasts. While there is
// no watch, ticks do.
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
			h.logWatch(slog.LevelWarn, "eagate: writes of other nodes aren't watched: waiting pages look for them once a second", s.kind, err)
		}
		h.mu.Unlock()
		if time.Since(began) > longestPause { // it did last
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
