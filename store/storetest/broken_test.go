package storetest_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/eagate/eagate/store"
)

// pause lets others run in between, so that a race goes wrong.
func pause() {
	for range 200 {
		runtime.Gosched()
	}
}

// stored returns what is stored, whatever the connection.
func (f *fake) stored(k kind, id string) doc {
	docs, err := f.Memory.Get(context.Background(), k, id)
	if err != nil {
		return doc{ID: id}
	}
	return docs[0]
}

// force writes a document whichever version is stored.
func (f *fake) force(c ctx, k kind, d doc) (uint64, error) {
	for {
		d.Version = f.stored(k, d.ID).Version
		if v, err := f.Memory.Put(c, k, d); !errors.Is(err, store.ErrConflict) {
			return v, err
		}
	}
}

// read makes a backend change the documents that it returns.
func read(change func(f *fake, k kind, d *doc)) func(*fake) {
	return func(f *fake) {
		get, list := f.get, f.list
		f.get = func(c ctx, k kind, ids ...string) ([]doc, error) {
			docs, err := get(c, k, ids...)
			for i := range docs {
				change(f, k, &docs[i])
			}
			return docs, err
		}
		f.list = func(c ctx, k kind, after string, limit int) ([]doc, string, error) {
			page, next, err := list(c, k, after, limit)
			for i := range page {
				change(f, k, &page[i])
			}
			return page, next, err
		}
	}
}

// got makes a backend change the answers of Get.
func got(change func(f *fake, k kind, ids []string, docs []doc, err error) ([]doc, error)) func(*fake) {
	return func(f *fake) {
		get := f.get
		f.get = func(c ctx, k kind, ids ...string) ([]doc, error) {
			docs, err := get(c, k, ids...)
			return change(f, k, ids, docs, err)
		}
	}
}

type next = func(ctx, kind, doc) (uint64, error)

// put makes a backend write in another way.
func put(write func(f *fake, put next, c ctx, k kind, d doc) (uint64, error)) func(*fake) {
	return func(f *fake) {
		next := f.put
		f.put = func(c ctx, k kind, d doc) (uint64, error) { return write(f, next, c, k, d) }
	}
}

func deleting(del func(f *fake, del func() error, c ctx, k kind, id string, v uint64) error) func(*fake) {
	return func(f *fake) {
		next := f.delete
		f.delete = func(c ctx, k kind, id string, v uint64) error {
			return del(f, func() error { return next(c, k, id, v) }, c, k, id, v)
		}
	}
}

type deleteDue = func(ctx, kind, time.Time, int) (int, error)

func deletingDue(change func(f *fake, next deleteDue, c ctx, k kind, now time.Time, limit int) (int, error)) func(*fake) {
	return func(f *fake) {
		next := f.deleteDue
		f.deleteDue = func(c ctx, k kind, now time.Time, limit int) (int, error) { return change(f, next, c, k, now, limit) }
	}
}

type list = func(ctx, kind, string, int) ([]doc, string, error)

func listing(change func(f *fake, next list, c ctx, k kind, after string, limit int) ([]doc, string, error)) func(*fake) {
	return func(f *fake) {
		next := f.list
		f.list = func(c ctx, k kind, after string, limit int) ([]doc, string, error) {
			return change(f, next, c, k, after, limit)
		}
	}
}

func (f *fake) all(k kind) []doc {
	page, _, _ := f.Memory.List(context.Background(), k, "", 100_000)
	return page
}

// fold makes a backend take some IDs for the same.
func fold(same func(string) string) func(*fake) {
	return func(f *fake) {
		get, put, del := f.get, f.put, f.delete
		f.get = func(c ctx, k kind, ids ...string) ([]doc, error) {
			folded := slices.Clone(ids)
			for i, id := range ids {
				folded[i] = same(id)
			}
			docs, err := get(c, k, folded...)
			for i := range docs {
				docs[i].ID = ids[i]
			}
			return docs, err
		}
		f.put = func(c ctx, k kind, d doc) (uint64, error) { d.ID = same(d.ID); return put(c, k, d) }
		f.delete = func(c ctx, k kind, id string, v uint64) error { return del(c, k, same(id), v) }
	}
}

type watch = func(ctx, kind, func(string)) error

func watching(change func(f *fake, next watch, c ctx, k kind, changed func(string)) error) func(*fake) {
	return func(f *fake) {
		next := f.watch
		f.watch = func(c ctx, k kind, changed func(string)) error { return change(f, next, c, k, changed) }
	}
}

// Each breaks the contract in one way, and fails these clauses. Where chance
// decides, it may also fail others.
var broken = []struct {
	name   string
	breaks func(*fake)
	fails  string
	may    string
}{
	{"missing document has a body", read(func(_ *fake, _ kind, d *doc) {
		if d.Version == 0 {
			d.Body = []byte("null")
		}
	}), "Get/many", "*"},
	{"invalid ID is missing", got(func(_ *fake, _ kind, ids []string, docs []doc, err error) ([]doc, error) {
		if len(ids) == 1 && store.CheckID(ids[0]) != nil {
			return []doc{{ID: ids[0]}}, nil
		}
		return docs, err
	}), "Get/invalid", ""},
	{"bodies shared", read(func(f *fake, k kind, d *doc) {
		f.server.mu.Lock()
		defer f.server.mu.Unlock()
		key := string(k) + d.ID
		if old := f.state[key]; old.Version == d.Version {
			d.Body = old.Body
		}
		f.state[key] = *d
	}), "Get/copies", ""},
	{"cache of what is missing", func(f *fake) {
		cache := map[string]bool{}
		got(func(f *fake, k kind, ids []string, docs []doc, err error) ([]doc, error) {
			f.mu.Lock()
			defer f.mu.Unlock()
			for i := range docs {
				if key := string(k) + docs[i].ID; docs[i].Version == 0 {
					cache[key] = true
				} else if cache[key] {
					docs[i] = doc{ID: ids[i]}
				}
			}
			return docs, err
		})(f)
	}, "PutDelete/versions", "*"},
	{"kinds of this release only", put(func(_ *fake, put next, c ctx, k kind, d doc) (uint64, error) {
		if k == "passkey" {
			return 0, errors.New("no such kind")
		}
		return put(c, k, d)
	}), "Get/kinds", ""},
	{"insert overwrites", put(func(f *fake, put next, c ctx, k kind, d doc) (uint64, error) {
		v, err := put(c, k, d)
		if d.Version == 0 && errors.Is(err, store.ErrConflict) {
			return f.force(c, k, d)
		}
		return v, err
	}), "PutDelete/versions Put/race", ""},
	{"Due isn't taken away", put(func(f *fake, put next, c ctx, k kind, d doc) (uint64, error) {
		if d.Version != 0 && d.Due.IsZero() {
			d.Due = f.stored(k, d.ID).Due
		}
		return put(c, k, d)
	}), "Due/which DeleteDue/which List/pages", ""},
	{"conflict changes Due", put(func(f *fake, put next, c ctx, k kind, d doc) (uint64, error) {
		v, err := put(c, k, d)
		if stored := f.stored(k, d.ID); stored.Version != 0 && errors.Is(err, store.ErrConflict) {
			stored.Due = d.Due
			f.force(c, k, stored)
		}
		return v, err
	}), "PutDelete/versions Due/which", "*"},
	{"update inserts", put(func(f *fake, put next, c ctx, k kind, d doc) (uint64, error) {
		v, err := put(c, k, d)
		if f.stored(k, d.ID).Version == 0 && errors.Is(err, store.ErrConflict) {
			return f.force(c, k, d)
		}
		return v, err
	}), "PutDelete/versions", "Delete/race DeleteDue/race"},
	{"same body isn't written", put(func(f *fake, put next, c ctx, k kind, d doc) (uint64, error) {
		if stored := f.stored(k, d.ID); d.Version != 0 && d.Version == stored.Version && bytes.Equal(d.Body, stored.Body) &&
			d.Due.Equal(stored.Due) && c.Err() == nil && !d.Notify {
			return d.Version, nil
		}
		return put(c, k, d)
	}), "PutDelete/versions", "*"},
	{"Due of milliseconds", read(func(_ *fake, _ kind, d *doc) { d.Due = d.Due.Truncate(time.Millisecond) }), "Put/due", "*"},
	{"Due in nanoseconds of 64 bits", read(func(_ *fake, _ kind, d *doc) {
		if !d.Due.IsZero() {
			d.Due = time.Unix(0, d.Due.UnixNano())
		}
	}), "Put/due", ""},
	{"bodies formatted", put(func(_ *fake, put next, c ctx, k kind, d doc) (uint64, error) {
		var b bytes.Buffer
		if json.Compact(&b, d.Body) == nil {
			d.Body = b.Bytes()
		}
		return put(c, k, d)
	}), "Put/bodies", "*"},
	{"bodies of 64 KiB", put(func(_ *fake, put next, c ctx, k kind, d doc) (uint64, error) {
		if len(d.Body) > 64<<10 {
			return 0, errors.New("too long")
		}
		return put(c, k, d)
	}), "Put/bodies", ""},
	{"IDs in any case", fold(strings.ToLower), "PutDelete/odd-ids", "*"},
	{"long IDs cut", fold(func(id string) string { return id[:min(len(id), 250)] }), "PutDelete/odd-ids", "Get/invalid Put/invalid Delete/invalid Watch/reports"},
	{"what is invalid is replaced", put(func(_ *fake, put next, c ctx, k kind, d doc) (uint64, error) {
		d.ID, d.Body = strings.ToValidUTF8(d.ID, "\uFFFD"), bytes.ToValidUTF8(d.Body, []byte("\uFFFD"))
		return put(c, k, d)
	}), "Put/invalid", ""},
	{"reads, compares and writes", put(func(f *fake, put next, c ctx, k kind, d doc) (uint64, error) {
		if f.stored(k, d.ID).Version != d.Version || d.Check(k) != nil || c.Err() != nil || f.down {
			return put(c, k, d)
		}
		pause()
		return f.force(c, k, d)
	}), "Put/race", "*"},
	{"Delete reads, compares and deletes", deleting(func(f *fake, del func() error, c ctx, k kind, id string, v uint64) error {
		stored := f.stored(k, id)
		if stored.Version != v || f.down || c.Err() != nil {
			return del()
		}
		pause()
		return f.Memory.Delete(c, k, id, f.stored(k, id).Version)
	}), "Delete/race", ""},
	{"Delete of what is missing conflicts", deleting(func(f *fake, del func() error, c ctx, k kind, id string, v uint64) error {
		missing := f.stored(k, id).Version == 0
		if err := del(); err != nil || !missing {
			return err
		}
		return store.ErrConflict
	}), "PutDelete/versions", "Fault/between-calls Fault/race"},
	{"Delete of an invalid ID", deleting(func(_ *fake, del func() error, _ ctx, k kind, id string, _ uint64) error {
		if store.CheckGet(k, id) != nil {
			return nil
		}
		return del()
	}), "Delete/invalid", ""},
	{"due in any order", func(f *fake) {
		due := f.due
		f.due = func(c ctx, k kind, now time.Time, limit int) ([]string, error) {
			ids, err := due(c, k, now, limit)
			slices.Reverse(ids)
			return ids, err
		}
	}, "Due/which", "PutDelete/odd-ids DeleteDue/which"},
	{"Due with limit 0", func(f *fake) {
		due := f.due
		f.due = func(c ctx, k kind, now time.Time, limit int) ([]string, error) { return due(c, k, now, max(limit, 1)) }
	}, "Due/invalid", ""},
	{"DeleteDue without limit", deletingDue(func(f *fake, next deleteDue, c ctx, k kind, now time.Time, limit int) (int, error) {
		n, err := next(c, k, now, limit)
		if err == nil {
			f.Memory.DeleteDue(c, k, now, 1000)
		}
		return n, err
	}), "DeleteDue/which", "DeleteDue/at-once"},
	{"DeleteDue with limit 0", deletingDue(func(_ *fake, next deleteDue, c ctx, k kind, now time.Time, limit int) (int, error) {
		if limit < 1 {
			return 0, nil
		}
		return next(c, k, now, limit)
	}), "DeleteDue/invalid", ""},
	{"DeleteDue counts what others delete", deletingDue(func(f *fake, next deleteDue, c ctx, k kind, now time.Time, limit int) (int, error) {
		due, err := f.Memory.Due(c, k, now, limit)
		if err != nil || f.down {
			return next(c, k, now, limit)
		}
		pause()
		for _, id := range due {
			if d := f.stored(k, id); !d.Due.IsZero() && !d.Due.After(now) {
				f.Memory.Delete(c, k, id, d.Version)
			}
		}
		return len(due), nil
	}), "DeleteDue/at-once", "DeleteDue/race"},
	{"DeleteDue reads and deletes", deletingDue(func(f *fake, next deleteDue, c ctx, k kind, now time.Time, limit int) (int, error) {
		due, err := f.Memory.Due(c, k, now, limit)
		if err != nil || f.down {
			return next(c, k, now, limit)
		}
		pause()
		n := 0
		for _, id := range due {
			if d := f.stored(k, id); d.Version != 0 && f.Memory.Delete(c, k, id, d.Version) == nil {
				n++
			}
		}
		return n, nil
	}), "DeleteDue/race", "DeleteDue/at-once"},
	{"list without Due", listing(func(_ *fake, next list, c ctx, k kind, after string, limit int) ([]doc, string, error) {
		page, after, err := next(c, k, after, limit)
		for i := range page {
			page[i].Due = time.Time{}
		}
		return page, after, err
	}), "List/pages", "*"},
	{"list of all kinds", listing(func(f *fake, next list, c ctx, k kind, after string, limit int) ([]doc, string, error) {
		page, after, err := next(c, k, after, limit)
		if err == nil && after == "" && len(page) < limit {
			page = append(page, doc{ID: "of another kind", Version: 1})
		}
		return page, after, err
	}), "List/pages", "*"},
	{"pages overlap", listing(func(f *fake, next list, c ctx, k kind, after string, limit int) ([]doc, string, error) {
		page, next2, err := next(c, k, after, limit)
		if d := f.stored(k, after); after != "" && d.Version != 0 && limit > 1 && err == nil {
			page = append([]doc{d}, page[:min(len(page), limit-1)]...)
		}
		return page, next2, err
	}), "List/pages List/changes PutDelete/odd-ids", "*"},
	{"pages begin in any case", listing(func(_ *fake, next list, c ctx, k kind, after string, limit int) ([]doc, string, error) {
		return next(c, k, strings.TrimRight(after, "\t\n "), limit)
	}), "PutDelete/odd-ids", ""},
	{"pages by the last write", listing(func(f *fake, next list, c ctx, k kind, after string, limit int) ([]doc, string, error) {
		if _, _, err := next(c, k, "", limit); err != nil {
			return nil, "", err
		}
		all := f.all(k)
		slices.SortFunc(all, func(a, b doc) int { return cmp.Compare(a.Version, b.Version) })
		var from uint64
		json.Unmarshal([]byte(after), &from)
		all = slices.DeleteFunc(all, func(d doc) bool { return d.Version <= from })
		if len(all) <= limit {
			return all, "", nil
		}
		b, _ := json.Marshal(all[limit-1].Version)
		return all[:limit], string(b), nil
	}), "List/changes", ""},
	{"List with limit 0", listing(func(_ *fake, next list, c ctx, k kind, after string, limit int) ([]doc, string, error) {
		return next(c, k, after, max(limit, 1))
	}), "List/invalid", ""},
	{"Put without a context", put(func(_ *fake, put next, c ctx, k kind, d doc) (uint64, error) {
		return put(context.WithoutCancel(c), k, d)
	}), "Context/ended", ""},
	{"error of its own for a context", func(f *fake) {
		list := f.list
		f.list = func(c ctx, k kind, after string, limit int) ([]doc, string, error) {
			if c.Err() != nil {
				return nil, "", errBroken
			}
			return list(c, k, after, limit)
		}
	}, "Context/ended", ""},
	{"hangs when the context ends", put(func(_ *fake, put next, c ctx, k kind, d doc) (uint64, error) {
		if at, _ := c.Deadline(); time.Until(at) < 100*time.Millisecond && c.Err() == nil {
			time.Sleep(time.Second)
		}
		return put(c, k, d)
	}), "Context/ends-meanwhile", ""},
	{"conflict when the context ends", put(func(_ *fake, put next, c ctx, k kind, d doc) (uint64, error) {
		if at, _ := c.Deadline(); time.Until(at) < 100*time.Millisecond && c.Err() == nil {
			<-c.Done()
			return 0, store.ErrConflict
		}
		return put(c, k, d)
	}), "Context/ends-meanwhile", ""},
	{"fault is a missing document", got(func(_ *fake, _ kind, ids []string, docs []doc, err error) ([]doc, error) {
		if errors.Is(err, errBroken) {
			docs, err = nil, nil
			for _, id := range ids {
				docs = append(docs, doc{ID: id})
			}
		}
		return docs, err
	}), "Fault/unreachable Fault/between-calls Fault/race", "Watch/broken"},
	{"fault is no document", got(func(_ *fake, _ kind, _ []string, docs []doc, err error) ([]doc, error) {
		if errors.Is(err, errBroken) {
			return nil, nil
		}
		return docs, err
	}), "Fault/unreachable Fault/between-calls Fault/race", "Watch/broken"},
	{"fault is a conflict", put(func(_ *fake, put next, c ctx, k kind, d doc) (uint64, error) {
		v, err := put(c, k, d)
		if errors.Is(err, errBroken) {
			err = store.ErrConflict
		}
		return v, err
	}), "Fault/unreachable Fault/between-calls Fault/race Watch/broken", ""},
	{"fault is an empty list", listing(func(_ *fake, next list, c ctx, k kind, after string, limit int) ([]doc, string, error) {
		page, after, err := next(c, k, after, limit)
		if errors.Is(err, errBroken) {
			err = nil
		}
		return page, after, err
	}), "Fault/unreachable Fault/between-calls", ""},
	{"fault is success", put(func(_ *fake, put next, c ctx, k kind, d doc) (uint64, error) {
		v, err := put(c, k, d)
		if errors.Is(err, errBroken) {
			return 1, nil
		}
		return v, err
	}), "Fault/unreachable Fault/between-calls Fault/race", "Watch/broken"},
	{"connection stays broken", func(f *fake) {
		due := f.due
		f.due = func(c ctx, k kind, now time.Time, limit int) ([]string, error) {
			if f.killed() > 0 {
				return nil, errBroken
			}
			return due(c, k, now, limit)
		}
	}, "Fault/between-calls", ""},
	{"write sent again", put(func(_ *fake, put next, c ctx, k kind, d doc) (uint64, error) {
		v, err := put(c, k, d)
		if errors.Is(err, errBroken) {
			return put(c, k, d)
		}
		return v, err
	}), "Fault/race", "Fault/between-calls Watch/broken"},
	{"half a write", put(func(f *fake, put next, c ctx, k kind, d doc) (uint64, error) {
		v, err := put(c, k, d)
		if stored := f.stored(k, d.ID); errors.Is(err, errBroken) && d.Version != 0 && !f.down {
			stored.Due = stored.Due.Add(time.Second)
			f.Memory.Put(c, k, stored)
		}
		return v, err
	}), "Fault/race", "Fault/between-calls"},
	{"watch begins in silence", watching(func(f *fake, next watch, c ctx, k kind, changed func(string)) error {
		begun := false
		return next(c, k, func(id string) {
			if begun {
				changed(id)
			}
			begun = true
		})
	}), "Watch/reports Watch/broken", ""},
	{"reported before it is written", put(func(f *fake, put next, c ctx, k kind, d doc) (uint64, error) {
		if d.Notify {
			f.notify(k, d.ID)
			pause()
		}
		d.Notify = false
		return put(c, k, d)
	}), "Watch/reports", "Watch/broken"},
	{"other kinds reported", put(func(f *fake, put next, c ctx, k kind, d doc) (uint64, error) {
		f.server.mu.Lock()
		for w := range f.watches {
			if w.kind != k && d.Notify {
				w.queue <- d.ID
			}
		}
		f.server.mu.Unlock()
		return put(c, k, d)
	}), "Watch/reports", ""},
	{"calls overlap", watching(func(_ *fake, next watch, c ctx, k kind, changed func(string)) error {
		return next(c, k, func(id string) {
			if id == "" {
				changed(id)
			} else {
				go changed(id)
			}
		})
	}), "Watch/reports", ""},
	{"slow call loses others", watching(func(f *fake, next watch, c ctx, k kind, changed func(string)) error {
		latest := make(chan string, 1)
		go func() {
			for id := range latest {
				changed(id)
			}
		}()
		defer close(latest)
		return next(c, k, func(id string) {
			select {
			case latest <- id:
			default:
			}
		})
	}), "Watch/reports", ""},
	{"watch ends for another reason", watching(func(_ *fake, next watch, c ctx, k kind, changed func(string)) error {
		if err := next(c, k, changed); err != nil {
			return errBroken
		}
		return nil
	}), "Watch/reports", ""},
	{"broken watch is silent", watching(func(_ *fake, next watch, c ctx, k kind, changed func(string)) error {
		err := next(c, k, changed)
		<-c.Done()
		return err
	}), "Watch/broken", ""},
}
