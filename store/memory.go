package store

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

// Memory is a [Backend] in the memory of one process.
//
// It loses everything when the process stops, accounts included: users then have no
// second factor, and a password alone signs them in. Use it for tests and demos.
// Several processes can't share it.
type Memory struct {
	mu       sync.Mutex
	kinds    map[Kind]map[string]Document
	versions uint64
}

var _ Backend = (*Memory)(nil)

// NewMemory returns an empty store.
func NewMemory() *Memory { return &Memory{kinds: make(map[Kind]map[string]Document)} }

// Get implements [Backend].
func (m *Memory) Get(ctx context.Context, kind Kind, ids ...string) ([]Document, error) {
	if err := cmp.Or(ctx.Err(), CheckGet(kind, ids...)); err != nil {
		return nil, err
	}
	docs := make([]Document, len(ids))
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, id := range ids {
		docs[i] = m.kinds[kind][id].copied()
		docs[i].ID = id
	}
	return docs, nil
}

// Put implements [Backend].
func (m *Memory) Put(ctx context.Context, kind Kind, doc Document) (uint64, error) {
	if err := cmp.Or(ctx.Err(), doc.Check(kind)); err != nil {
		return 0, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kinds[kind][doc.ID].Version != doc.Version {
		return 0, ErrConflict
	}
	if m.kinds[kind] == nil {
		m.kinds[kind] = make(map[string]Document)
	}
	m.versions++
	doc.Version, doc.Notify = m.versions, false
	m.kinds[kind][doc.ID] = doc.copied()
	return doc.Version, nil
}

// Delete implements [Backend].
func (m *Memory) Delete(ctx context.Context, kind Kind, id string, version uint64) error {
	if err := cmp.Or(ctx.Err(), CheckGet(kind, id)); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if stored, ok := m.kinds[kind][id]; ok && stored.Version != version {
		return ErrConflict
	}
	delete(m.kinds[kind], id)
	return nil
}

// Due implements [Backend]. It looks at all documents of the kind.
func (m *Memory) Due(ctx context.Context, kind Kind, now time.Time, limit int) ([]string, error) {
	if err := cmp.Or(ctx.Err(), kind.Check(), CheckLimit(limit)); err != nil {
		return nil, err
	}
	m.mu.Lock()
	due := m.due(kind, now)
	m.mu.Unlock()
	slices.SortFunc(due, func(a, b Document) int { return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.ID, b.ID)) })
	due = due[:min(len(due), limit)]
	ids := make([]string, len(due))
	for i, doc := range due {
		ids[i] = doc.ID
	}
	return ids, nil
}

// DeleteDue implements [Backend]. It looks at all documents of the kind.
func (m *Memory) DeleteDue(ctx context.Context, kind Kind, now time.Time, limit int) (int, error) {
	if err := cmp.Or(ctx.Err(), kind.Check(), CheckLimit(limit)); err != nil {
		return 0, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	due := m.due(kind, now)
	due = due[:min(len(due), limit)]
	for _, doc := range due {
		delete(m.kinds[kind], doc.ID)
	}
	return len(due), nil
}

// due returns the documents that are due, in no order. The lock must be held.
func (m *Memory) due(kind Kind, now time.Time) []Document {
	var due []Document
	for _, doc := range m.kinds[kind] {
		if !doc.Due.IsZero() && !doc.Due.After(now) {
			due = append(due, doc)
		}
	}
	return due
}

// List implements [Backend], in the order of the IDs. Each page looks at all
// documents of the kind.
func (m *Memory) List(ctx context.Context, kind Kind, after string, limit int) ([]Document, string, error) {
	if err := cmp.Or(ctx.Err(), kind.Check(), CheckLimit(limit)); err != nil {
		return nil, "", err
	}
	m.mu.Lock()
	var page []Document
	for id, doc := range m.kinds[kind] {
		if id > after {
			page = append(page, doc)
		}
	}
	m.mu.Unlock()
	slices.SortFunc(page, func(a, b Document) int { return cmp.Compare(a.ID, b.ID) })
	next := ""
	if len(page) > limit {
		page, next = page[:limit], page[limit-1].ID
	}
	for i := range page {
		page[i] = page[i].copied()
	}
	return page, next, nil
}

// copied returns a copy that shares no memory with doc. What is stored is replaced,
// never written to.
func (d Document) copied() Document {
	d.Body = bytes.Clone(d.Body)
	return d
}
