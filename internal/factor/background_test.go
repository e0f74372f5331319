package factor_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/store"
)

// Where nobody calls Run, and work waits for it, the log says so, once.
func TestRunIsMissed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		up    bool                                          // whether the service can be told at once
		first func(t *testing.T, r *factor.Rules)           // what is done about it at once
		each  func(t *testing.T, w *world, o *factor.Rules) // and every ten seconds, on another node
		lines int
	}{
		"nobody runs":   {lines: 1},
		"nothing waits": {up: true},
		"it runs here": {first: func(t *testing.T, r *factor.Rules) {
			ctx, cancel := context.WithCancel(t.Context())
			t.Cleanup(cancel)
			go r.Run(ctx)
		}},
		"another node has done it": {each: func(t *testing.T, w *world, o *factor.Rules) {
			w.service.setDown(nil)
			w.sync(t, o)
		}},
		"another node tries": {each: func(t *testing.T, w *world, o *factor.Rules) { w.sync(t, o) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				r := w.node(t)
				if !test.up {
					w.service.setDown(errDown)
				}
				w.enrol(t, r, alice)
				r.SyncNow(t.Context(), alice.ID)
				if test.first != nil {
					test.first(t, r)
				}
				other := w.node(t)
				for range 20 {
					w.clock.Add(10 * time.Second)
					time.Sleep(10 * time.Second) // the bubble's
					synctest.Wait()
					if test.each != nil {
						test.each(t, w, other)
					}
				}
				r.SyncNow(t.Context(), alice.ID)
				time.Sleep(2 * time.Minute)
				synctest.Wait()
				expect.Equal(t, strings.Count(w.log.String(), "work waits that no node does"), test.lines, "lines")
			})
		})
	}
}

// However many accounts are due, a look for them asks for few; and to list those that are
// late, the others aren't read.
func TestManyAreDue(t *testing.T) {
	t.Parallel()
	const many = 1000
	w := newWorld(t)
	for i := range many {
		user := eagate.User{ID: fmt.Sprint(i), Email: fmt.Sprint(i, "@example.com")}
		w.change(t, user, func(a *records.Account) { a.Email, a.Sync.Wanted = user.Email, 1 })
	}
	limited := &limits{Backend: w.store}
	w.records = records.New(limited, w.keys)
	late := 0
	for acct, err := range w.node(t).LateAccounts(t.Context()) {
		expect.NoError(t, err)
		if acct.Sync.Late() {
			late++
		}
	}
	if late != many || limited.lists != 0 {
		t.Errorf("%d accounts are late, and List was called %d times: want %d and 0", late, limited.lists, many)
	}
	limited.down, late = true, 0
	for _, err := range w.node(t).LateAccounts(t.Context()) {
		expect.Is(t, err, errDown)
		late++
	}
	expect.Equal(t, late, 1, "errors, when accounts can't be read")
	limited.down, limited.most = false, 0
	w.sync(t, w.node(t))
	if _, calls := w.service.asked(); calls != many {
		t.Errorf("the service was called %d times, want %d", calls, many)
	}
	if limited.most > 200 {
		t.Errorf("a call of Due asked for %d, want at most 200", limited.most)
	}
}

// limits keeps the highest limit of Due, counts the calls of List, and fails those of Get.
type limits struct {
	store.Backend
	most, lists int
	down        bool
}

func (l *limits) Get(ctx context.Context, kind store.Kind, ids ...string) ([]store.Document, error) {
	if l.down {
		return nil, errDown
	}
	return l.Backend.Get(ctx, kind, ids...)
}

func (l *limits) List(ctx context.Context, kind store.Kind, after string, limit int) ([]store.Document, string, error) {
	l.lists++
	return l.Backend.List(ctx, kind, after, limit)
}

func (l *limits) Due(ctx context.Context, kind store.Kind, now time.Time, limit int) ([]string, error) {
	l.most = max(l.most, limit)
	return l.Backend.Due(ctx, kind, now, limit)
}
