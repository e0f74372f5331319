package storelimit

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/eagate/eagate/store"
)

// A budget is the remaining time of one request's store calls. It is safe for concurrent
// use.
//
// Until the request writes, it doesn't read a document again that it has just read or
// written: it decides by one moment, and its write fails if a document has changed since.
// After waiting for something else, such as a slow body or a turn, it reads documents
// again, because the user may have logged out. For a write, an earlier read is still
// enough: see Earlier.
//
// The first write may start only while half of the time is left, because a request that
// stops between its writes, with a used code and a locked session, is worse than one that
// changes nothing.
type budget struct {
	mu     sync.Mutex
	spent  time.Duration
	calls  int       // started
	since  time.Time // when the first running call was started
	active int       // running calls
	wrote  bool
	known  []known

	// refills is for a stream: the budget is full again after a pause.
	refills bool
	idle    time.Time // since when no call is running
}

// A known is a document as the request has read or written it.
type known struct {
	in  *limited
	of  question
	doc store.Document

	// past says that it is of an earlier moment: the request has since written something
	// else, or waited.
	past bool
}

// refillAfter is the pause after which calls of a stream count as another request.
const refillAfter = 500 * time.Millisecond

// oneMoment is the longest pause between two store calls after which earlier reads are
// still used.
const oneMoment = 20 * time.Millisecond

type budgetKey struct{}

// WithBudget returns a context whose store calls share one timeout, or ctx if it has a
// budget already. Time between the calls doesn't count.
func WithBudget(ctx context.Context) context.Context {
	if budgetOf(ctx) != nil {
		return ctx
	}
	return context.WithValue(ctx, budgetKey{}, new(budget))
}

// WithNewBudget returns a context with a new budget, for work after a request.
func WithNewBudget(ctx context.Context) context.Context {
	return context.WithValue(ctx, budgetKey{}, new(budget))
}

// WithStream returns a context for a request that calls the store repeatedly, with the
// timeout each time.
func WithStream(ctx context.Context) context.Context {
	return context.WithValue(ctx, budgetKey{}, &budget{refills: true})
}

func budgetOf(ctx context.Context) *budget {
	b, _ := ctx.Value(budgetKey{}).(*budget)
	return b
}

type freshKey struct{}

// Fresh returns a context in which documents are always read again.
func Fresh(ctx context.Context) context.Context { return context.WithValue(ctx, freshKey{}, true) }

func isFresh(ctx context.Context) bool { return ctx.Value(freshKey{}) != nil }

// begin returns how long the call may take, and whether it is the request's first. If it
// returns ErrOverloaded, the call must not be made.
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

// pass ends the current moment.
func (b *budget) pass() {
	for i := range b.known {
		b.known[i].past = true
	}
}

// end must follow begin, also after an error.
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
	// A document that the request has written and reads again stays current.
	k.doc, k.past = doc, k.past && b.wrote && !written
}

// forget removes a document that may have changed.
func (b *budget) forget(in *limited, of question) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := b.index(in, of); i >= 0 {
		b.known = slices.Delete(b.known, i, i+1)
	}
}

// recall returns a document of the current moment.
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

// earlier returns a document of an earlier moment.
func (b *budget) earlier(in *limited, of question) (store.Document, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := b.index(in, of); i >= 0 && b.known[i].past {
		return b.known[i].doc, true
	}
	return store.Document{}, false
}

// index returns the index of the document in known, or -1.
func (b *budget) index(in *limited, of question) int {
	for i := range b.known {
		if k := &b.known[i]; k.in == in && k.of == of {
			return i
		}
	}
	return -1
}
