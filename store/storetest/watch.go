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
	{"Watch/begins", watchBegins},
	{"Watch/reports", watchReports},
	{"Watch/readable", watchReadable},
	{"Watch/kinds", watchKinds},
	{"Watch/one-by-one", watchOneByOne},
	{"Watch/ends", watchEnds},
	{"Watch/broken", watchBroken},
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
	if err == nil && first != "" {
		t.fatalf("Watch called changed(%q) first: it must call changed(\"\") when the watch has begun", first)
	}
	return w, err
}

func (t *trial) watch() *watch {
	w, err := t.begin()
	if err != nil {
		t.fatalf("Watch returned the error %w before it called changed(\"\")", err)
	}
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
		w.t.fatalf("Watch hasn't returned %v after its context has ended: it must return soon", w.t.soon)
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
		if err == nil {
			w.t.fatalf("Watch returned no error: it must say why it ends")
		}
		return "", err
	case <-time.After(within):
		w.t.fatalf("Watch neither called changed nor returned within %v: it must report its beginning, and each write with Notify, within a fraction of a second", within)
		return "", nil
	}
}

// until waits for the call with an ID, and returns the calls. One with "" stands for
// all IDs.
func (w *watch) until(id string) (calls []string) {
	for !slices.Contains(calls, id) && !slices.Contains(calls, "") {
		got, err := w.next(w.t.soon)
		if err != nil {
			w.t.fatalf("Watch returned the error %w, though its context hasn't ended", err)
		}
		calls = append(calls, got)
	}
	return calls
}

func notify(id string, n int) store.Document {
	doc := document(id, n)
	doc.Notify = true
	return doc
}

// watchBegins: the first call has the ID "".
func watchBegins(t *trial) {
	t.put(t.first(), notify(newID(), 1))
	defer t.watch().end()
}

// watchReports: writes with Notify are reported, through whichever handle.
func watchReports(t *trial) {
	w := t.watch()
	defer w.end()
	for n, id := range append(oddIDs(), newID()) {
		doc := t.put(t.handle(n), notify(id, n))
		w.until(id)
		doc.Notify = true
		t.put(t.handle(n), doc)
		w.until(id)
	}
}

// watchReadable: a write that is reported can be read.
func watchReadable(t *trial) {
	w := t.watch()
	defer w.end()
	for n := range rounds {
		id := newID()
		t.race(2, func(i int, _ store.Backend) {
			if i == 0 {
				t.put(t.handle(n), notify(id, n))
				return
			}
			calls := w.until(id)
			if got := t.get(t.last(), id)[0]; got.Version == 0 && slices.Contains(calls, id) {
				t.fatalf("Watch reported a write that Get doesn't find: it must be readable before it is reported")
			}
		})
	}
}

// watchKinds: writes of other kinds aren't reported.
func watchKinds(t *trial) {
	w := t.watch()
	defer w.end()
	for n := range rounds {
		kind, other, id := t.kind, newID(), newID()
		t.kind = newKind()
		t.put(t.first(), notify(other, n))
		t.kind = kind
		t.put(t.first(), notify(id, n))
		if slices.Contains(w.until(id), other) {
			t.fatalf("Watch reported the write of a document of another kind")
		}
	}
}

// watchOneByOne: calls come one after the other, and a slow one loses no others.
func watchOneByOne(t *trial) {
	w := t.watch()
	defer w.end()
	w.hold.Lock()
	var missing []string
	for n := range 4 * rounds {
		missing = append(missing, t.put(t.handle(n), notify(newID(), n)).ID)
	}
	w.hold.Unlock()
	for len(missing) > 0 {
		calls := w.until(missing[len(missing)-1])
		if slices.Contains(calls, "") {
			break
		}
		missing = slices.DeleteFunc(missing, func(id string) bool { return slices.Contains(calls, id) })
	}
	if w.overlap.Load() {
		t.fatalf("Watch called changed while another call of it ran: calls must come one after the other")
	}
}

// watchEnds: a watch ends with its context.
func watchEnds(t *trial) {
	w := t.watch()
	if err := w.end(); !errors.Is(err, context.Canceled) {
		t.fatalf("Watch returned the error %v after its context was cancelled: it must return the context's error", err)
	}
	ended, cancel := context.WithCancel(t.ctx)
	cancel()
	done := make(chan error, 1)
	go func() { done <- t.last().(store.Watcher).Watch(ended, t.kind, func(string) {}) }()
	select {
	case err := <-done:
		if !errors.Is(err, context.Canceled) {
			t.fatalf("Watch returned the error %v with a context that had ended: it must return the context's error", err)
		}
	case <-time.After(t.soon):
		t.fatalf("Watch hasn't returned after %v with a context that had ended", t.soon)
	}
}

// watchBroken: when connections break, what is written then is reported all the
// same, or a call with "" says that something may have been, or the watch ends.
func watchBroken(t *trial) {
	w := t.watch()
	defer w.end()
	for n := range 3 {
		t.kill()
		doc := t.putAgain(t.handle(n), notify(newID(), n))
		for id := "?"; id != doc.ID && id != ""; {
			var err error
			if id, err = w.next(3 * t.soon); err == nil {
				continue
			}
			t.again("Watch", func() error { w, err = t.begin(); return err })
			break
		}
	}
}
