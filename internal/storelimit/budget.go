package storelimit

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/eagate/eagate/store"
)

// A budget is what is left to one request of the time for its calls. It is safe for
// concurrent use.
//
// Until the request writes, a document that it has just read is not read again, and
// neither is one that it has just written: it is one moment that it decides by, and
// what it writes is refused if that has passed. When it has waited for anything else in
// between, for a body that comes slowly or for its turn, it reads anew: the user may
// have logged out since. To change a document, what it has read earlier still does: see
// Earlier.
//
// It may begin to write only while half of the time is left: what is half written, a
// code that is used up and has let nobody in, is worse than nothing.
type budget struct {
	mu     sync.Mutex
	spent  time.Duration
	calls  int       // that were begun
	since  time.Time // when the first of those under way was begun
	active int       // calls under way
	wrote  bool
	known  []known

	// refills says that it lasts: it is whole again after a pause.
	refills bool
	idle    time.Time // since when no call is under way
}

// known is a document as the request has read or written it.
type known struct {
	in  *limited
	of  question
	doc store.Document

	// past says that it isn't of the present moment: the request has written something
	// else since, or waited.
	past bool
}

// refillAfter is how long a stream must not have asked the store to count as another
// request.
const refillAfter = 500 * time.Millisecond

// oneMoment is how long a request may do without the store between two calls and still
// decide by what it has read before.
const oneMoment = 20 * time.Millisecond

type budgetKey struct{}

// WithBudget returns a context whose calls share one time-out, unless ctx has such
// a one already. Time between the calls doesn't count.
func WithBudget(ctx context.Context) context.Context {
	if budgetOf(ctx) != nil {
		return ctx
	}
	return context.WithValue(ctx, budgetKey{}, new(budget))
}

// WithNewBudget is WithBudget whatever ctx has: for what comes after a request.
func WithNewBudget(ctx context.Context) context.Context {
	return context.WithValue(ctx, budgetKey{}, new(budget))
}

// WithStream returns a context for a request that asks the store time and again, and
// has the time-out each time.
func WithStream(ctx context.Context) context.Context {
	return context.WithValue(ctx, budgetKey{}, &budget{refills: true})
}

func budgetOf(ctx context.Context) *budget {
	b, _ := ctx.Value(budgetKey{}).(*budget)
	return b
}

type freshKey struct{}

// Fresh returns a context in which every document is read anew.
func Fresh(ctx context.Context) context.Context { return context.WithValue(ctx, freshKey{}, true) }

func isFresh(ctx context.Context) bool { return ctx.Value(freshKey{}) != nil }

// begin returns how long the call may take, and whether it is the request's first.
// If it returns ErrOverloaded, the call may not be made.
func (b *budget) begin(timeout time.Duration, write bool, now time.Time) (left time.Duration, first bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refills && b.active == 0 && now.Sub(b.idle) >= refillAfter {
		b.spent, b.calls, b.wrote = 0, 0, false
	}
	if b.active++; b.active == 1 {
		b.since = now
	}
	first = b.calls == 0
	b.calls++
	left = timeout - b.spent - now.Sub(b.since)
	if left <= 0 || write && !b.wrote && left < timeout/2 {
		return 0, first, ErrOverloaded
	}
	if write && !b.wrote {
		b.wrote = true
		b.pass()
	}
	return left, first, nil
}

// pass ends the moment.
func (b *budget) pass() {
	for i := range b.known {
		b.known[i].past = true
	}
}

// end must follow begin, whatever that returned.
func (b *budget) end(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.active--; b.active == 0 {
		b.spent += now.Sub(b.since)
		b.idle = now
	}
}

func (b *budget) remember(in *limited, of question, doc store.Document, written bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refills {
		return
	}
	i := b.index(in, of)
	if i < 0 {
		b.known = append(b.known, known{in, of, doc, b.wrote && !written})
		return
	}
	k := &b.known[i]
	// One that the request has written, and reads afresh, stays of the present moment.
	k.doc, k.past = doc, k.past && b.wrote && !written
}

// forget makes the request read a document anew that may have changed.
func (b *budget) forget(in *limited, of question) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := b.index(in, of); i >= 0 {
		b.known = slices.Delete(b.known, i, i+1)
	}
}

// recall returns the document as it is at the present moment.
func (b *budget) recall(in *limited, of question, now time.Time) (store.Document, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.active == 0 && now.Sub(b.idle) > oneMoment {
		b.pass()
	}
	if i := b.index(in, of); i >= 0 && !b.known[i].past {
		return b.known[i].doc, true
	}
	return store.Document{}, false
}

// earlier returns the document as it was at a past moment.
func (b *budget) earlier(in *limited, of question) (store.Document, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := b.index(in, of); i >= 0 && b.known[i].past {
		return b.known[i].doc, true
	}
	return store.Document{}, false
}

// index returns where the document is among those that are known, or -1.
func (b *budget) index(in *limited, of question) int {
	for i := range b.known {
		if k := &b.known[i]; k.in == in && k.of == of {
			return i
		}
	}
	return -1
}
