package apptest

import (
	"sync/atomic"
	"time"

	"github.com/eagate/eagate/internal/hashing"
	"github.com/eagate/eagate/middleware"
)

// CheapCodes makes recovery codes quick to hash, since most tests that switch a
// second factor on aren't about the ten that come with it.
func CheapCodes() middleware.Option {
	return withCost(middleware.Option(nil), hashing.Cost{Memory: 8, Passes: 1, Lanes: 1})
}

// EarlyReports sets how long a report waits for its challenge: hardly at all unless a
// test is about that.
func EarlyReports(wait time.Duration) middleware.Option {
	return withEarlyWait(middleware.Option(nil), wait)
}

func withEarlyWait[C interface{ SetEarlyWait(time.Duration) }](_ func(C), wait time.Duration) func(C) {
	return func(c C) { c.SetEarlyWait(wait) }
}

// withElapsed has a gate read its monotonic clock there.
func withElapsed(elapsed func() time.Duration) middleware.Option {
	return setElapsed(middleware.Option(nil), elapsed)
}

func setElapsed[C interface{ SetElapsed(func() time.Duration) }](_ func(C), elapsed func() time.Duration) func(C) {
	return func(c C) { c.SetElapsed(elapsed) }
}

// HeldHashes holds the hashing of recovery codes, to see who gets which turn.
type HeldHashes struct {
	held atomic.Pointer[hold]
}

type hold struct {
	begun chan string
	goOn  chan struct{}
}

// Option has a node's hashing held, once it is.
func (h *HeldHashes) Option() middleware.Option {
	return withHash(middleware.Option(nil), func(c hashing.Cost, code string, salt []byte) []byte {
		if held := h.held.Load(); held != nil {
			held.begun <- string(salt)
			<-held.goOn
		}
		return c.Hash(code, salt)
	})
}

// Hold holds hashing from now on. Each hash that begins sends its salt, and ends after
// it has received from goOn; release lets all of them end.
func (h *HeldHashes) Hold() (begun <-chan string, goOn chan<- struct{}, release func()) {
	held := &hold{begun: make(chan string, 10_000), goOn: make(chan struct{})}
	h.held.Store(held)
	return held.begun, held.goOn, func() {
		h.held.Store(nil)
		close(held.goOn)
	}
}

func withHash[C interface {
	SetHash(func(hashing.Cost, string, []byte) []byte)
}](_ func(C), hash func(hashing.Cost, string, []byte) []byte) func(C) {
	return func(c C) { c.SetHash(hash) }
}

// withCost returns an option of the same type as the other: only package
// middleware can name the configuration that options change.
func withCost[C interface{ SetRecoveryCost(hashing.Cost) }](_ func(C), cost hashing.Cost) func(C) {
	return func(c C) { c.SetRecoveryCost(cost) }
}
