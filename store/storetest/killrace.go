package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
)

// faultRace: of updates at once, while connections keep breaking, each that
// returned no error is stored, and none is stored twice.
func faultRace(ctx context.Context, s Subject) error {
	if s.Kill == nil {
		return skipped("Subject.Kill is not set")
	}
	const rounds = 3
	for range rounds {
		if err := errors.Join(
			accounts.killRace(ctx, s),
			challenges.killRace(ctx, s),
			grants.killRace(ctx, s),
		); err != nil {
			return err
		}
	}
	return nil
}

func (m mutable[R]) killRace(ctx context.Context, s Subject) error {
	const racers, updates = 6, 6
	zero := m.zero(newKey())
	if err := m.createRecovered(ctx, s, zero); err != nil {
		return err
	}
	var b battle
	err := race(racers, func(i int, _ *crowd) error {
		for n := range updates {
			if err := m.updateUnderFire(ctx, s, *m.key(&zero), i*updates+n, &b); err != nil {
				return err
			}
		}
		return nil
	})
	b.kills.Wait()
	if err := errors.Join(err, b.killErr); err != nil {
		return err
	}
	got, err := m.readRecovered(ctx, s, *m.key(&zero))
	if err != nil {
		return err
	}
	if err := b.compare(*m.left(&got)); err != nil {
		return fmt.Errorf("Update%s, while connections broke: %w", m.name, err)
	}
	return nil
}

// updateUnderFire adds the n-th mark to a text in a record. One in three breaks
// connections: between the reading and the writing, or at about the time of the
// writing. One in two refuses to add a mark that is there.
func (m mutable[R]) updateUnderFire(ctx context.Context, s Subject, key string, n int, b *battle) error {
	var (
		mark    = fmt.Sprintf("%02d,", n)
		refused = errors.New("marked already")
		fired   = false
	)
	err := m.update(s.handle(n), ctx, key, func(r *R) error {
		if n%2 == 0 && strings.Contains(*m.left(r), mark) {
			return refused
		}
		*m.left(r) += mark
		if !fired && n%6 < 2 {
			fired = true
			b.fire(s, n%6 == 0)
		}
		return nil
	})
	switch {
	case errors.Is(err, refused):
		return fmt.Errorf("Update%s returned the error of the change, which found there what the same update had stored before: "+
			"the error of a change must say that nothing was stored", m.name)
	case err == nil:
		b.add(&b.stored, mark)
	default:
		b.add(&b.failed, mark)
	}
	return noAnswer("Update"+m.name, err)
}

// A battle is a race in which connections break.
type battle struct {
	kills   sync.WaitGroup // those under way
	killing sync.Mutex     // held by one of them
	killErr error

	mu             sync.Mutex
	stored, failed []string // the marks, by what their updates returned
}

// fire breaks connections, at once or at any time.
func (b *battle) fire(s Subject, atOnce bool) {
	kill := func() {
		b.killing.Lock()
		defer b.killing.Unlock()
		b.killErr = errors.Join(b.killErr, s.kill())
	}
	if atOnce {
		kill()
	} else {
		b.kills.Go(kill)
	}
}

func (b *battle) add(to *[]string, mark string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	*to = append(*to, mark)
}

// compare checks which marks there are.
func (b *battle) compare(text string) error {
	for _, mark := range b.stored {
		switch n := strings.Count(text, mark); {
		case n == 0:
			return errors.New("one that returned no error is lost")
		case n > 1:
			return fmt.Errorf("one that returned no error is stored %d times: it must be once", n)
		}
	}
	for _, mark := range b.failed {
		if n := strings.Count(text, mark); n > 1 {
			return fmt.Errorf("one that returned an error is stored %d times: it must be once at most", n)
		}
	}
	return nil
}
