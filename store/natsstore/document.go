package natsstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/eagate/eagate/store"
	"github.com/nats-io/nats.go"
)

// parallel is how many requests for single documents are under way at once.
const parallel = 16

// Get implements [store.Backend]. It asks for each document by itself, several
// at once.
func (s *Store) Get(ctx context.Context, kind store.Kind, ids ...string) ([]store.Document, error) {
	if err := errors.Join(store.CheckGet(kind, ids...), ctx.Err()); err != nil {
		return nil, err
	}
	if err := s.barrier(ctx); err != nil {
		return nil, err
	}
	docs := make([]store.Document, len(ids))
	err := each(len(ids), func(i int) error {
		m, err := s.last(ctx, docKey(kind, ids[i]))
		if err == nil && m != nil {
			docs[i], err = m.document()
		}
		docs[i].ID = ids[i]
		return err
	})
	if err != nil {
		return nil, err
	}
	return docs, s.same(ctx)
}

// Put implements [store.Backend].
func (s *Store) Put(ctx context.Context, kind store.Kind, doc store.Document) (uint64, error) {
	if err := errors.Join(doc.Check(kind), ctx.Err()); err != nil {
		return 0, err
	}
	header := expect(doc.Version)
	if !doc.Due.IsZero() {
		micros := doc.Due.UnixMicro()
		if !time.UnixMicro(micros).Equal(doc.Due.Truncate(time.Microsecond)) {
			return 0, fmt.Errorf("natsstore: %s %q is due in the year %d, which is too far away", kind, doc.ID, doc.Due.Year())
		}
		header.Set(headerDue, strconv.FormatInt(micros, 10))
	}
	if doc.Notify {
		header.Set(headerNotify, "1")
	}
	key := docKey(kind, doc.ID)
	version, err := s.publish(ctx, key, header, doc.Body)
	if errors.Is(err, store.ErrConflict) && doc.Version == 0 {
		// The tools of NATS leave a message behind where they delete a key.
		m, lastErr := s.last(ctx, key)
		if lastErr == nil && m != nil && m.deleted() {
			header.Set(nats.ExpectedLastSubjSeqHdr, strconv.FormatUint(m.Seq, 10))
			version, err = s.publish(ctx, key, header, doc.Body)
		}
	}
	if same := s.same(ctx); same != nil {
		return 0, same
	}
	return version, err
}

// Delete implements [store.Backend].
func (s *Store) Delete(ctx context.Context, kind store.Kind, id string, version uint64) error {
	for {
		docs, err := s.Get(ctx, kind, id)
		switch {
		case err != nil:
			return err
		case docs[0].Version == 0:
			return nil
		case docs[0].Version != version:
			return store.ErrConflict
		}
		if removed, err := s.remove(ctx, kind, id, version); removed || err != nil {
			return err
		}
	}
}

// remove deletes a document that has or had the version, and reports whether it
// was still there. It leaves nothing behind, unlike the tools of NATS: a stream
// doesn't use a sequence again.
func (s *Store) remove(ctx context.Context, kind store.Kind, id string, version uint64) (bool, error) {
	a, err := s.api(ctx, "STREAM.PURGE", map[string]any{
		"filter": s.subject(docKey(kind, id)),
		"seq":    version + 1, // what is older than that, but not a later version
	})
	return a.Purged > 0, err
}

// document returns what a message says of a document, but for its ID.
func (m *stored) document() (store.Document, error) {
	if m.deleted() {
		return store.Document{}, nil
	}
	due, err := dueOf(m.header())
	return store.Document{Version: m.Seq, Due: due, Body: m.Data}, err
}

func (m *stored) deleted() bool { return m.header().Get(headerOperation) != "" }

// header returns the headers of a message; without them, it is one that was
// written by hand.
func (m *stored) header() nats.Header {
	h, err := nats.DecodeHeadersMsg(m.Header)
	if err != nil {
		return nats.Header{}
	}
	return h
}

// dueOf returns when a document with the header is due, or the zero time.
func dueOf(header nats.Header) (time.Time, error) {
	text := header.Get(headerDue)
	if text == "" {
		return time.Time{}, nil
	}
	micros, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("natsstore: header %s: %w", headerDue, err)
	}
	return time.UnixMicro(micros).UTC(), nil
}

// each calls do with 0 to n-1, several at once, until one fails.
func each(n int, do func(i int) error) error {
	var mu sync.Mutex
	var failed error
	next := func() int {
		mu.Lock()
		defer mu.Unlock()
		if n == 0 || failed != nil {
			return -1
		}
		n--
		return n
	}
	var wg sync.WaitGroup
	for range min(n, parallel) {
		wg.Go(func() {
			for i := next(); i >= 0; i = next() {
				if err := do(i); err != nil {
					mu.Lock()
					failed = errors.Join(failed, err)
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	return failed
}
