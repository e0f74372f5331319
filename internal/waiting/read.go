package waiting

import (
	"context"
	"log/slog"
	"time"

	"github.com/eagate/eagate/internal/records"
)

const (
	batch   = 500                   // records in one question
	pace    = 40 * time.Millisecond // between two questions about single changes
	timeout = 10 * time.Second      // of one question
)

// kick has what is marked be read, unless that is under way. The lock must be held.
func (h *Hub) kick() {
	if r := h.run; r != nil && !r.reading && len(h.accounts.marked)+len(h.challenges.marked) > 0 {
		r.reading = true
		go h.read(r)
	}
}

// read reads what is marked until nothing is.
func (h *Hub) read(r *run) {
	for {
		h.mu.Lock()
		accounts, challenges := h.accounts.take(), h.challenges.take()
		if len(accounts.items)+len(challenges.items) == 0 || r.ctx.Err() != nil {
			r.reading = false
			h.mu.Unlock()
			return
		}
		h.mu.Unlock()
		ok := fetch(h, r, &h.accounts, accounts, func(it *item[records.Account], gen int, began time.Time, a *records.Account, err error) {
			if a != nil {
				trimmed := trim(a)
				a = &trimmed
			}
			h.putAccount(it.owner, gen, began, a, err)
		})
		ok = fetch(h, r, &h.challenges, challenges, h.putChallenge) && ok
		switch {
		case !ok:
			sleep(r.ctx, tick)
		case len(accounts.items) < batch && len(challenges.items) < batch:
			sleep(r.ctx, pace) // so that many changes are one question
		}
	}
}

// fetch reads records of one kind, and puts each that has changed. It returns false if
// the store fails; the records stay marked.
func fetch[R any](h *Hub, r *run, s *shelf[R], rd reading[R], put func(it *item[R], gen int, began time.Time, rec *R, err error)) bool {
	if len(rd.items) == 0 {
		return true
	}
	ctx, cancel := context.WithTimeout(r.ctx, timeout)
	defer cancel()
	type answer struct {
		rec *R
		err error
	}
	news := make(map[int]answer)
	err := s.read(ctx, rd.seen, func(i int, rec R, err error) {
		if err != nil {
			news[i] = answer{nil, err}
			return
		}
		news[i] = answer{&rec, nil}
	})
	h.mu.Lock()
	defer h.mu.Unlock()
	if r.ctx.Err() != nil {
		return false
	}
	if failed := err != nil; failed != s.failing {
		s.failing = failed
		if failed {
			h.log.Error("eagate: waiting pages can't be told what happens: the store fails", slog.String("kind", string(s.kind)), slog.Any("error", err))
		} else {
			h.log.Info("eagate: waiting pages are told again what happens", slog.String("kind", string(s.kind)))
		}
	}
	for i, it := range rd.items {
		it.reading = false
		if a, ok := news[i]; err != nil {
			s.mark(it)
		} else if ok {
			put(it, rd.gens[i], rd.began, a.rec, a.err)
		} else {
			it.began = rd.began
		}
	}
	return err == nil
}

// sleep returns false if ctx ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
