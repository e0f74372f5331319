package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/store"
)

// The model test walks at random through what several people do with one account, on two
// nodes, while clocks jump, the store fails and requests overtake one another; and
// compares what they get with a model of what they may get. That keeps only who has
// proved what, and when. It says what nobody may ever get, and not what must work; but at
// the end, with the clocks right and the pauses waited out, the owner must get in.
//
// The steps are in model_step_test.go, what they do in model_do_test.go, and what they
// allow in model_may_test.go. A failure prints the seed and the shortest walk that was
// found to fail in the same way; MODEL_SEED has the test walk that seed alone.

// Of so many walks, each has so many steps.
const (
	walksQuick    = 12
	walksThorough = 600
	walkSteps     = 60
)

func TestModel(t *testing.T) {
	t.Parallel()
	walk(t, 1, walksQuick)
}

func TestThoroughModel(t *testing.T) {
	t.Parallel()
	walk(t, 1+walksQuick, walksThorough)
}

func walk(t *testing.T, first, walks int) {
	if text := os.Getenv("MODEL_SEED"); text != "" {
		seed := expect.Try(strconv.Atoi(text)).OrFail(t)
		first, walks = seed, 1
	}
	for seed := first; seed < first+walks; seed++ {
		cfg := configOf(seed)
		steps := randomSteps(rand.New(rand.NewPCG(uint64(seed), 0)), cfg)
		if fault := walkOnce(t, cfg, steps); fault != "" {
			steps, fault = shortest(t, cfg, steps, fault)
			var text strings.Builder
			for _, s := range steps {
				fmt.Fprintln(&text, "   ", s)
			}
			t.Fatalf("seed %d, %+v: %s; after\n%s", seed, cfg, fault, text.String())
		}
	}
}

// A walkConfig is what goes for a whole walk.
type walkConfig struct {
	Jumps     bool // clocks do
	Rejection bool // is what a report of false means
	Hold      bool // is what follows
}

func configOf(seed int) walkConfig {
	return walkConfig{Jumps: seed%3 != 0, Rejection: seed%4 >= 2, Hold: seed%4 == 3}
}

// walkOnce returns what was wrong, or "".
func walkOnce(t *testing.T, cfg walkConfig, steps []step) (fault string) {
	q := &quietly{TB: t}
	defer q.end()
	defer func() {
		if p := recover(); p != nil {
			stopped, ok := p.(violation)
			if !ok {
				panic(p)
			}
			fault = string(stopped)
		}
	}()
	m := newModel(q, cfg)
	for _, s := range steps {
		m.step(s)
	}
	m.end()
	return ""
}

// shortest drops steps as long as the walk fails in the same way.
func shortest(t *testing.T, cfg walkConfig, steps []step, fault string) ([]step, string) {
	kind, _, _ := strings.Cut(fault, ":")
	for size := len(steps) / 2; size > 0; size /= 2 {
		for i := 0; i+size <= len(steps); {
			fewer := append(append([]step(nil), steps[:i]...), steps[i+size:]...)
			if got := walkOnce(t, cfg, fewer); strings.HasPrefix(got, kind+":") {
				steps, fault = fewer, got
			} else {
				i += size
			}
		}
	}
	return steps, fault
}

// A violation ends a walk.
type violation string

// quietly has what fails a test end a walk instead.
type quietly struct {
	testing.TB
	ends []func()
}

func (q *quietly) Helper()                   {}
func (q *quietly) Cleanup(f func())          { q.ends = append(q.ends, f) }
func (q *quietly) Error(args ...any)         { panic(violation("test: " + fmt.Sprint(args...))) }
func (q *quietly) Errorf(s string, a ...any) { panic(violation("test: " + fmt.Sprintf(s, a...))) }
func (q *quietly) Fatal(args ...any)         { q.Error(args...) }
func (q *quietly) Fatalf(s string, a ...any) { q.Errorf(s, a...) }

func (q *quietly) end() {
	for i := len(q.ends) - 1; i >= 0; i-- {
		q.ends[i]()
	}
}

var errModel = errors.New("the store fails")

// A wayward store fails at one access, or holds it.
type wayward struct {
	store.Backend
	mu      sync.Mutex
	fault   fault
	left    int // accesses until then; 0 for never
	failed  bool
	holdIn  int // accesses until one is held; 0 for never
	reached chan struct{}
	proceed chan struct{}
}

// A fault is how a store fails.
type fault uint8

const (
	noFault   fault = iota
	lostWrite       // a write isn't stored
	lostWord        // a write is stored, and the answer lost
	down            // every access fails from then on
	faults          // how many there are
)

func (f fault) String() string { return [...]string{"", "lost write", "lost answer", "down"}[f] }

// arm has the nth access fail, and disarm reports whether one did.
func (w *wayward) arm(f fault, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fault, w.left, w.failed = f, n, false
}

func (w *wayward) disarm() (failed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	failed = w.failed
	w.fault, w.failed = noFault, false
	return failed
}

// hold holds the nth access from now on, which sends to reached and waits for proceed.
func (w *wayward) hold(n int) (reached <-chan struct{}, proceed chan<- struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.holdIn, w.reached, w.proceed = n, make(chan struct{}), make(chan struct{})
	return w.reached, w.proceed
}

func (w *wayward) letGo() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.holdIn = 0
}

// access makes an access, in the way of the moment.
func (w *wayward) access(op apptest.Op, do func() error) error {
	w.mu.Lock()
	var reached, proceed chan struct{}
	if w.holdIn > 0 {
		if w.holdIn--; w.holdIn == 0 {
			reached, proceed = w.reached, w.proceed
		}
	}
	fails, stored := false, true
	if w.fault != noFault && (op == apptest.Writes || w.fault == down) {
		w.left--
		switch w.fault {
		case lostWrite:
			fails, stored = w.left == 0, w.left != 0
		case lostWord:
			fails = w.left == 0
		case down:
			fails, stored = w.left <= 0, w.left > 0
		case noFault, faults:
		}
	}
	w.failed = w.failed || fails
	w.mu.Unlock()
	if reached != nil {
		close(reached)
		<-proceed
	}
	if stored {
		if err := do(); err != nil || !fails {
			return err
		}
	}
	return errModel
}

func (w *wayward) Get(ctx context.Context, kind store.Kind, ids ...string) (docs []store.Document, err error) {
	err = w.access(apptest.Reads, func() (err error) { docs, err = w.Backend.Get(ctx, kind, ids...); return err })
	return docs, err
}

func (w *wayward) Put(ctx context.Context, kind store.Kind, doc store.Document) (version uint64, err error) {
	err = w.access(apptest.Writes, func() (err error) { version, err = w.Backend.Put(ctx, kind, doc); return err })
	return version, err
}

func (w *wayward) Delete(ctx context.Context, kind store.Kind, id string, version uint64) error {
	return w.access(apptest.Writes, func() error { return w.Backend.Delete(ctx, kind, id, version) })
}

// times returns one of the list.
func times(rng *rand.Rand, list ...time.Duration) time.Duration { return list[rng.IntN(len(list))] }
