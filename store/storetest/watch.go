package storetest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eagate/eagate/store"
)

var watchClauses = []clause{
	// The first call has the ID "".
	{"Watch/begins", func(t *trial) { t.watch().end() }},

	// Writes with Notify are reported, through whichever handle.
	{"Watch/reports", func(t *trial) {
		w := t.watch()
		defer w.end()
		for n, id := range oddIDs() {
			doc := t.put(t.handle(n), notify(id, n))
			w.until(id)
			doc.Notify = true
			t.put(t.handle(n), doc)
			w.until(id)
		}
	}},

	// A write that is reported can be read.
	{"Watch/readable", func(t *trial) {
		w := t.watch()
		defer w.end()
		for n := range rounds {
			id := newID()
			t.race(2, func(i int, _ store.Backend) {
				if i == 0 {
					t.put(t.handle(n), notify(id, n))
				} else if slices.Contains(w.until(id), id) {
					got := t.get(t.last(), id)[0]
					t.that(got.Version != 0, "Watch reported a write that Get doesn't find: it must be readable before it is reported")
				}
			})
		}
	}},

	// Writes of other kinds aren't reported.
	{"Watch/kinds", func(t *trial) {
		w := t.watch()
		defer w.end()
		for n := range rounds {
			kind, other, id := t.kind, newID(), newID()
			t.kind = newKind()
			t.put(t.first(), notify(other, n))
			t.kind = kind
			t.put(t.first(), notify(id, n))
			t.that(!slices.Contains(w.until(id), other), "Watch reported the write of a document of another kind")
		}
	}},

	// Calls come one after the other, and a slow one loses no others.
	{"Watch/one-by-one", func(t *trial) {
		w := t.watch()
		defer w.end()
		w.hold.Lock()
		var want []string
		for n := range 4 * rounds {
			want = append(want, t.put(t.handle(n), notify(newID(), n)).ID)
		}
		w.hold.Unlock()
		for calls := []string(nil); len(want) > 0; {
			if !slices.Contains(calls, want[0]) {
				calls = append(calls, w.until(want[0])...)
			}
			if slices.Contains(calls, "") {
				break
			}
			want = want[1:]
		}
		t.that(!w.overlap.Load(), "Watch called changed while another call of it ran: calls must come one after the other")
	}},

	// A watch ends with its context.
	{"Watch/ends", func(t *trial) {
		err := t.watch().end()
		t.that(errors.Is(err, context.Canceled), "Watch returned the error %v after its context was cancelled: it must return the context's error", err)
	}},

	// When connections break, what is written then is reported all the same, or a call
	// with "" says that something may have been, or the watch ends.
	{"Watch/broken", func(t *trial) {
		w := t.watch()
		for n := range 3 {
			t.kill()
			doc := t.putAgain(t.handle(n), notify(newID(), n))
			for id := "?"; id != doc.ID && id != ""; {
				var err error
				if id, err = w.next(3 * t.soon); err != nil {
					t.again(func() error { w, err = t.begin(); return err })
					break
				}
			}
		}
		w.end()
	}},
}

func notify(id string, n int) store.Document {
	doc := document(id, n)
	doc.Notify = true
	return doc
}

// A watch is a running call of Watch.
type watch struct {
	t       *trial
	changed chan string // the calls
	ended   chan error
	cancel  context.CancelFunc

	hold    sync.Mutex // calls wait for it
	calls   atomic.Int32
	overlap atomic.Bool
}

// begin calls Watch of the last handle, and waits until the watch has begun.
func (t *trial) begin() (*watch, error) {
	b, ok := t.last().(store.Watcher)
	if !ok {
		t.skip("the last handle is no Watcher")
	}
	ctx, cancel := context.WithCancel(t.ctx)
	w := &watch{t: t, changed: make(chan string, 1000), ended: make(chan error, 1), cancel: cancel}
	go func() { w.ended <- b.Watch(ctx, t.kind, w.call) }()
	first, err := w.next(t.soon)
	if errors.Is(err, errors.ErrUnsupported) {
		t.skip("the last handle can't watch")
	}
	t.that(first == "", "Watch called changed(%q) first: it must call changed(\"\") when the watch has begun", first)
	return w, err
}

func (t *trial) watch() *watch {
	w, err := t.begin()
	t.works(err, "Watch")
	return w
}

func (w *watch) call(id string) {
	if w.calls.Add(1) > 1 {
		w.overlap.Store(true)
	}
	w.hold.Lock()
	defer w.hold.Unlock()
	w.changed <- id
	w.calls.Add(-1)
}

// end ends the watch, and returns what Watch returned.
func (w *watch) end() error {
	w.cancel()
	select {
	case err := <-w.ended:
		return err
	case <-time.After(w.t.soon):
		w.t.that(false, "Watch hasn't returned %v after its context has ended: it must return soon", w.t.soon)
		return nil
	}
}

// next returns the ID of the next call, or why the watch has ended.
func (w *watch) next(within time.Duration) (string, error) {
	select {
	case id := <-w.changed:
		return id, nil
	case err := <-w.ended:
		w.ended <- err
		w.t.that(err != nil, "Watch returned no error: it must say why it ends")
		return "", err
	case <-time.After(within):
		w.t.that(false, "Watch neither called changed nor returned within %v: it must report its beginning, and each write with Notify, within a fraction of a second", within)
		return "", nil
	}
}

// until waits for the call with an ID, and returns the calls. One with "" stands for
// all IDs.
func (w *watch) until(id string) (calls []string) {
	for !slices.Contains(calls, id) && !slices.Contains(calls, "") {
		got, err := w.next(w.t.soon)
		w.t.works(err, "Watch, though its context hasn't ended,")
		calls = append(calls, got)
	}
	return calls
}
