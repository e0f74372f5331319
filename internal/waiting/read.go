package waiting

import (
	"context"
	"log/slog"
	"time"

	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/internal/storelimit"
)

const (
	batch   = 500                   // records in one read
	pace    = 40 * time.Millisecond // between two reads of few changes
	timeout = 10 * time.Second      // of one read
)

// kick starts reading the marked records, unless that is running. h.mu must be held.
func (h *Hub) kick() {
	if r := h.run; r != nil && !r.reading && len(h.accounts.marked)+len(h.challenges.marked) > 0 {
		r.reading = true
		go h.read(r)
	}
}

// read reads the marked records until there are none.
//
// The challenges of a changed account are read after it, and stored at the same time: a
// page never sees an account that a rejection has closed beside the challenge before the
// rejection.
func (h *Hub) read(r *run) {
	for {
		h.mu.Lock()
		if r.ctx.Err() != nil {
			h.mu.Unlock()
			return
		}
		var accounts reading[records.Account]
		var challenges reading[records.Challenge]
		for _, it := range h.accounts.take(batch) {
			accounts.add(it)
			for _, c := range it.owner.challenges {
				challenges.add(c)
			}
		}
		for _, it := range h.challenges.take(batch - len(challenges.items)) {
			challenges.add(it)
		}
		if r.reading = len(accounts.items)+len(challenges.items) > 0; !r.reading {
			h.mu.Unlock()
			return
		}
		h.mu.Unlock()

		accounts.ask(r.ctx, h.accounts.read)
		challenges.ask(r.ctx, h.challenges.read)

		h.mu.Lock()
		if r.ctx.Err() == nil {
			settle(h, &h.accounts, &accounts, h.putAccount)
			settle(h, &h.challenges, &challenges, h.putChallenge)
		}
		h.mu.Unlock()
		switch {
		case accounts.err != nil || challenges.err != nil:
			sleep(r.ctx, tick)
		case max(len(accounts.items), len(challenges.items)) < batch:
			sleep(r.ctx, pace) // so that many changes are one read
		}
	}
}

// A reading is one read of records of one kind, with their state before it.
type reading[R any] struct {
	items []*item[R]
	gens  []int
	seen  []records.Seen
	began time.Time

	news map[int]answer[R] // by the index in items
	err  error             // of the store
}

type answer[R any] struct {
	rec *R
	err error // why it can't be read
}

func (rd *reading[R]) add(it *item[R]) {
	if it.reading {
		return // it was added already
	}
	it.marked, it.reading = false, true
	seen := records.Seen{ID: it.id, Version: it.version}
	if it.rec == nil {
		seen.Version = never
	}
	rd.items, rd.gens, rd.seen = append(rd.items, it), append(rd.gens, it.gen), append(rd.seen, seen)
}

func (rd *reading[R]) ask(ctx context.Context, read func(context.Context, []records.Seen, func(int, R, error)) error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	rd.began = time.Now()
	rd.news = make(map[int]answer[R])
	for from := 0; from < len(rd.seen) && rd.err == nil; from += batch {
		rd.err = read(ctx, rd.seen[from:min(from+batch, len(rd.seen))], func(i int, rec R, err error) {
			if err != nil {
				rd.news[from+i] = answer[R]{nil, err}
				return
			}
			rd.news[from+i] = answer[R]{&rec, nil}
		})
	}
}

// settle stores each record that has changed, and marks those again that couldn't be
// read.
func settle[R any](h *Hub, s *shelf[R], rd *reading[R], put func(it *item[R], gen int, began time.Time, rec *R, err error)) {
	logged := rd.err != nil && storelimit.Level(rd.err) < slog.LevelError // as a fault of the store
	if failed := rd.err != nil; failed != s.failing && len(rd.items) > 0 && !logged {
		s.failing = failed
		if failed {
			h.log.Error("eagate: waiting pages can't be updated: the store fails", slog.String("kind", string(s.kind)), slog.Any("error", rd.err))
		} else {
			h.log.Info("eagate: waiting pages are updated again", slog.String("kind", string(s.kind)))
		}
	}
	for i, it := range rd.items {
		it.reading = false
		if a, ok := rd.news[i]; ok {
			put(it, rd.gens[i], rd.began, a.rec, a.err)
		} else if rd.err != nil {
			s.mark(it)
		} else {
			it.began = rd.began
		}
	}
}

// sleep returns false if ctx is done first.
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
