package factor

import (
	"context"
	"sync"
	"time"

	"github.com/eagate/eagate/internal/storelimit"
)

const (
	// earlyWait is how much earlier than its challenge a report may come: the phone can
	// answer as soon as the service has the request, and the store may be slow, or
	// another node's.
	earlyWait = 2 * time.Second

	// earlyMost is how many reports wait at once on a node. Whoever sends reports knows
	// the callback's secret, so that a flood of unknown tokens is the service's own: it
	// costs at most these, and five reads of the store for each in two seconds. A report
	// that finds no place is answered at once, as if it had waited in vain: at worst, the
	// user asks the phone again or types a code.
	earlyMost = 64
)

// earlyLooks is when a challenge is looked for again that a report came before, in
// twentieths of the wait: most come at once.
var earlyLooks = [...]time.Duration{1, 3, 6, 12, 20}

// earlyReports are the reports that wait for their challenges: one of each, because a
// second one of the same token would learn nothing that the first doesn't.
type earlyReports struct {
	mu     sync.Mutex
	places map[string]chan struct{} // by challenge ID
}

func newEarlyReports() earlyReports { return earlyReports{places: make(map[string]chan struct{})} }

// enter takes a place, if there is one, which leave gives back. created is signalled
// when this node stores the challenge.
func (e *earlyReports) enter(id string) (created <-chan struct{}, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, waits := e.places[id]; waits || len(e.places) >= earlyMost {
		return nil, false
	}
	place := make(chan struct{}, 1)
	e.places[id] = place
	return place, true
}

func (e *earlyReports) leave(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.places, id)
}

// created says that this node has stored the challenge.
func (e *earlyReports) created(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	select {
	case e.places[id] <- struct{}{}: // of a nil channel, if none waits, never
	default:
	}
}

// retry looks for a challenge again that isn't in the store yet, with take, until that
// finds it, fails, or nobody waits for the answer any more. Nothing is stored.
func (r *Rules) retry(ctx context.Context, id string, take func(context.Context) (Decision, error)) (Decision, error) {
	created, ok := r.early.enter(id)
	if !ok {
		return DecisionUnknown, nil
	}
	defer r.early.leave(id)
	ctx = storelimit.Fresh(ctx)
	began := time.Now()
	for _, look := range earlyLooks {
		timer := time.NewTimer(time.Until(began.Add(look * r.cfg.EarlyWait / 20)))
		select {
		case <-created:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return DecisionUnknown, nil
		}
		timer.Stop()
		if decision, err := take(ctx); err != nil || decision != DecisionUnknown {
			return decision, err
		}
	}
	return DecisionUnknown, nil
}
