package records_test

import (
	"context"
	"errors"
	"testing"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/store"
)

var errBroken = errors.New("connection broken")

// A line is a store whose answers to writes can get lost.
type line struct {
	store.Backend
	puts []put // what becomes of the next ones
	gets int   // how many of the next reads fail
	n    int   // of Puts
}

type put uint8

const (
	answered    put = iota
	lost            // written, but nobody learns of it
	cut             // not written
	overwritten     // as lost, and then another writer comes
)

func (l *line) Get(ctx context.Context, kind store.Kind, ids ...string) ([]store.Document, error) {
	if l.gets > 0 {
		l.gets--
		return nil, errBroken
	}
	return l.Backend.Get(ctx, kind, ids...)
}

func (l *line) Put(ctx context.Context, kind store.Kind, doc store.Document) (uint64, error) {
	l.n++
	if len(l.puts) == 0 {
		return l.Backend.Put(ctx, kind, doc)
	}
	next := l.puts[0]
	l.puts = l.puts[1:]
	if next == cut {
		return 0, errBroken
	}
	version, err := l.Backend.Put(ctx, kind, doc)
	if err == nil && next == overwritten {
		doc.Version = version
		doc.Body = append([]byte(nil), doc.Body...)
		if _, err := l.Backend.Put(ctx, kind, doc); err != nil {
			return 0, err
		}
		return 0, errBroken
	}
	if next == lost && err == nil {
		err = errBroken
	}
	return version, err
}

// A write whose answer doesn't come is stored once, or an error says that nobody
// knows.
func TestLostAnswers(t *testing.T) {
	for _, c := range []struct {
		name   string
		puts   []put
		stored bool // once
		err    error
	}{
		{"answered", nil, true, nil},
		{"answer lost", []put{lost}, true, nil},
		{"answer lost twice", []put{lost, cut}, true, nil},
		{"cut off", []put{cut}, true, nil},
		{"cut off, then the answer lost", []put{cut, lost}, true, nil},
		{"cut off for long", []put{cut, cut, cut}, false, errBroken},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := &line{Backend: store.NewMemory(), puts: c.puts}
			r := records.New(l, newKeyring(t, key))
			err := r.UpdateAccount(t.Context(), "u", func(a *records.Account) error { a.Failures++; return nil })
			expect.Is(t, err, c.err)
			l.puts = nil
			if a, err := r.Account(t.Context(), "u"); err != nil || (a.Failures == 1) != c.stored || a.Failures > 1 {
				t.Errorf("got %d failures counted, %v, want stored %t", a.Failures, err, c.stored)
			}
			l.puts = c.puts
			if err := r.CreateGrant(t.Context(), records.Grant{ID: "g"}); !errors.Is(err, c.err) {
				t.Errorf("created: got %v, want %v", err, c.err)
			}
		})
	}
}

// Two writers of the same are told apart: one of them has lost.
func TestLostAnswerOfAnother(t *testing.T) {
	m := store.NewMemory()
	l := &line{Backend: m, puts: []put{cut}}
	r, another := records.New(l, newKeyring(t, key)), records.New(m, newKeyring(t, key))
	count := func(a *records.Account) error { a.Failures++; return nil }
	first := true
	err := r.UpdateAccount(t.Context(), "u", func(a *records.Account) error {
		if first {
			first = false
			expect.NoError(t, another.UpdateAccount(t.Context(), "u", count))
		}
		return count(a)
	})
	expect.Is(t, err, errBroken)
	if a, err := m.Get(t.Context(), store.Accounts, "u"); err != nil || a[0].Version == 0 {
		t.Errorf("got %v, %v", a, err)
	}
	expect.Equal(t, expect.Try(another.Account(t.Context(), "u")).OrFail(t).Failures, 1, "failures")
}

// The change isn't made again when its result may be stored already.
func TestChangeIsNotRepeated(t *testing.T) {
	l := &line{Backend: store.NewMemory(), puts: []put{overwritten}}
	r := records.New(l, newKeyring(t, key))
	calls := 0
	err := r.UpdateAccount(t.Context(), "u", func(*records.Account) error { calls++; return nil })
	if calls != 1 || err != nil && !errors.Is(err, errBroken) {
		t.Errorf("got %d calls, %v, want one", calls, err)
	}
}

// A read is made once more when the connection breaks, and a context that has ended
// ends everything.
func TestBrokenReads(t *testing.T) {
	l := &line{Backend: store.NewMemory()}
	r := records.New(l, newKeyring(t, key))
	l.gets = 1
	expect.Try(r.Account(t.Context(), "u")).OrFail(t, "broken once")
	l.gets = 2
	if _, err := r.Account(t.Context(), "u"); !errors.Is(err, errBroken) {
		t.Errorf("broken twice: got %v, want the fault", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	l.gets = 0
	l.puts = []put{cut, cut, cut}
	n := l.n
	err := r.UpdateAccount(ctx, "u", func(*records.Account) error { cancel(); return nil })
	if err == nil || l.n-n > 1 {
		t.Errorf("context ended: got %v after %d writes, want an error after one at most", err, l.n-n)
	}
}

// Who has waited in vain for the store doesn't wait once more.
func TestTimeoutsAreNotRepeated(t *testing.T) {
	l := &late{Backend: store.NewMemory()}
	r := records.New(l, newKeyring(t, key))
	if _, err := r.Account(t.Context(), "u"); !errors.Is(err, context.DeadlineExceeded) || l.n != 1 {
		t.Errorf("read: got %v after %d calls, want the time-out after one", err, l.n)
	}
	l.n, l.answers = 0, 1
	err := r.UpdateAccount(t.Context(), "u", func(*records.Account) error { return nil })
	if !errors.Is(err, context.DeadlineExceeded) || l.n != 2 {
		t.Errorf("write: got %v after %d calls, want the time-out after the read and one write", err, l.n)
	}
}

// late is a store that runs into time-outs after so many answers.
type late struct {
	store.Backend
	answers int
	n       int
}

func (l *late) call() error {
	if l.n++; l.n > l.answers {
		return context.DeadlineExceeded
	}
	return nil
}

func (l *late) Get(ctx context.Context, kind store.Kind, ids ...string) ([]store.Document, error) {
	if err := l.call(); err != nil {
		return nil, err
	}
	return l.Backend.Get(ctx, kind, ids...)
}

func (l *late) Put(ctx context.Context, kind store.Kind, doc store.Document) (uint64, error) {
	if err := l.call(); err != nil {
		return 0, err
	}
	return l.Backend.Put(ctx, kind, doc)
}
