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
	// The first call has the ID "". Then writes with Notify are reported, through
	// whichever handle, and can be read; those of other kinds aren't. Calls come one
	// after the other, and a slow one loses no others. The watch ends with its context.
	{"Watch/reports", func(t *trial) {
		w := t.watch()
		for n, id := range oddIDs() {
			_, err := t.next().Put(t.ctx, newKind(), notify(document(n), n))
			t.works(err, "Put, of another kind,")
			doc := t.put(notify(none(id), n))
			w.until(id)
			t.put(notify(doc, n))
			w.until(id)
		}
		var written []string
		w.hold.Lock() // the first call is slow
		for n := range 4 * rounds {
			written = append(written, t.put(notify(document(n), n)).ID)
		}
		w.hold.Unlock()
		w.until(written...)
		err := w.end()
		t.that(errors.Is(err, context.Canceled), "Watch returned the error %v after its context was cancelled: it must return the context's error", err)
	}},

	// When connections break, what is written then is reported all the same, or a call
	// with "" says that something may have been, or the watch ends.
	{"Watch/broken", func(t *trial) {
		w := t.watch()
		for n := range 3 {
			t.kill()
			doc := t.putAgain(notify(document(n), n))
			for id := "?"; id != doc.ID && id != ""; {
				var err error
				if id, err = w.next(3 * t.soon); err != nil {
					t.retry("Watch", func() error { w, err = t.begin(); return err })
					break
				}
			}
		}
		w.end()
	}},
}

func notify(doc store.Document, n int) store.Document {
	doc = changed(doc, n)
	doc.Notify = true
	return doc
}

// A watch is a running call of Watch.
type watch struct {
	t      *trial
	b      store.Watcher
	calls  chan call
	ended  chan error
	cancel context.CancelFunc

	hold    sync.Mutex // calls wait for it
	running atomic.Int32
}

type call struct{ id, wrong string }

// begin calls Watch of the last handle, and waits until the watch has begun.
func (t *trial) begin() (*watch, error) {
	b, ok := t.Handles[len(t.Handles)-1].(store.Watcher)
	if !ok {
		t.skip("the last handle is no Watcher")
	}
	ctx, cancel := context.WithCancel(t.ctx)
	w := &watch{t: t, b: b, calls: make(chan call, 1000), ended: make(chan error, 1), cancel: cancel}
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
	c := call{id: id}
	if w.running.Add(1) > 1 {
		c.wrong = "called changed while another call of it ran: calls must come one after the other"
	}
	w.hold.Lock()
	defer w.hold.Unlock()
	if docs, err := w.b.Get(w.t.ctx, w.t.kind, id); id != "" && err == nil && (len(docs) == 0 || docs[0].Version == 0) {
		c.wrong = "reported an ID that Get doesn't find under that kind: a write must be readable before it is reported, and those of other kinds must not be reported"
	}
	w.running.Add(-1)
	w.calls <- c
}

// next returns the ID of the next call, or why the watch has ended.
func (w *watch) next(within time.Duration) (id string, err error) {
	select {
	case c := <-w.calls:
		w.t.that(c.wrong == "", "Watch %s", c.wrong)
		id = c.id
	case err = <-w.ended:
		w.ended <- err
		w.t.that(err != nil, "Watch returned no error: it must say why it ends")
	case <-time.After(within):
		w.t.that(false, "Watch neither called changed nor returned within %v: it must report its beginning, and each write with Notify, within a fraction of a second, and return soon after its context has ended", within)
	}
	return id, err
}

// until waits for calls with these IDs. One with "" stands for all.
func (w *watch) until(ids ...string) {
	for len(ids) > 0 {
		got, err := w.next(w.t.soon)
		w.t.works(err, "Watch, though its context hasn't ended,")
		ids = slices.DeleteFunc(ids, func(id string) bool { return id == got || got == "" })
	}
}

// end ends the watch, and returns what Watch returned.
func (w *watch) end() error {
	w.cancel()
	for {
		if _, err := w.next(w.t.soon); err != nil {
			return err
		}
	}
}
