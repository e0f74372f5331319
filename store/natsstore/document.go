package natsstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eagate/eagate/store"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// The body of a message is that of the document. Headers have the rest.
const (
	headerDue       = "Eagate-Due" // in microseconds since 1970
	headerNotify    = "Eagate-Notify"
	headerOperation = "KV-Operation" // of a key that the tools of NATS have deleted
)

// parallel is the number of concurrent requests for single documents.
const parallel = 16

// Get implements [store.Backend]. It makes one request per document, several at once.
func (s *Store) Get(ctx context.Context, kind store.Kind, ids ...string) ([]store.Document, error) {
	if err := errors.Join(store.CheckGet(kind, ids...), ctx.Err()); err != nil {
		return nil, err
	}
	if err := s.barrier(ctx); err != nil {
		return nil, err
	}
	docs := make([]store.Document, len(ids))
	err := each(len(ids), func(i int) error {
		docs[i].ID = ids[i]
		m, err := s.last(ctx, docKey(kind, ids[i]))
		if err != nil || m == nil || m.Header.Get(headerOperation) != "" {
			return err
		}
		docs[i].Version, docs[i].Body = m.Sequence, m.Data
		docs[i].Due, err = dueOf(m.Header)
		return err
	})
	if err == nil {
		err = s.checkMarker(ctx)
	}
	if err != nil {
		return nil, err
	}
	return docs, nil
}

// Put implements [store.Backend].
func (s *Store) Put(ctx context.Context, kind store.Kind, doc store.Document) (uint64, error) {
	if err := errors.Join(doc.Check(kind), ctx.Err()); err != nil {
		return 0, err
	}
	header := nats.Header{}
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
	version, err := s.publish(ctx, key, header, doc.Body, jetstream.WithExpectLastSequencePerSubject(doc.Version))
	if errors.Is(err, store.ErrConflict) && doc.Version == 0 {
		// The tools of NATS delete a key by writing a message.
		m, lastErr := s.last(ctx, key)
		if lastErr == nil && m != nil && m.Header.Get(headerOperation) != "" {
			version, err = s.publish(ctx, key, header, doc.Body, jetstream.WithExpectLastSequencePerSubject(m.Sequence))
		}
	}
	if other := s.checkMarker(ctx); other != nil {
		return 0, other
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
		if purged, err := s.purge(ctx, docKey(kind, id), version+1); purged || err != nil {
			return err
		}
	}
}

// dueOf returns the due time in a header, or the zero time.
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

// each calls do with 0 to n-1, several at once, until one returns an error.
func each(n int, do func(i int) error) error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	var next atomic.Int64
	for range min(n, parallel) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if errs[i] = do(i); errs[i] != nil {
					next.Store(int64(n))
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
