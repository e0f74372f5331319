//go:build linux

package nodes_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/expect"
)

// A step is one request, of a browser or of the service.
type step struct {
	name string
	node *node // that serves it

	// do returns an error if there was no whole answer, and fails the test if
	// the answer is wrong.
	do func() error
}

// must does a step of a node that is up.
func (s step) must(t *testing.T) {
	t.Helper()
	expect.NoError(t, s.do(), "%s at %s", s.name, s.node.name)
}

// A moment is when a node was killed, as the request saw it.
type moment uint8

const (
	before moment = iota // nobody listened any more
	within               // the connection broke
	after                // the answer was whole
)

func (m moment) String() string { return [...]string{"before", "within", "after"}[m] }

// A killer kills nodes while they serve.
type killer struct {
	t     *testing.T
	took  map[string][]time.Duration // by the steps' names
	kills map[string]*[after + 1]int
}

func newKiller(t *testing.T) *killer {
	return &killer{t: t, took: make(map[string][]time.Duration), kills: make(map[string]*[after + 1]int)}
}

// spare does a step undisturbed, and learns how long such a step takes.
func (k *killer) spare(s step) {
	k.t.Helper()
	begun := time.Now()
	s.must(k.t)
	k.took[s.name] = append(k.took[s.name], time.Since(begun))
}

// strike does a step and kills its node meanwhile, or a little before or after.
// The node is up again when strike returns.
func (k *killer) strike(s step, rng *rand.Rand) moment {
	k.t.Helper()
	usual := slices.Sorted(slices.Values(k.took[s.name]))
	median := usual[len(usual)/2]
	delay := time.Duration(rng.Int64N(int64(median+median/2))) - median/8
	var struck atomic.Bool
	gone := make(chan struct{})
	kill := func() {
		defer close(gone)
		nap(delay)
		struck.Store(true)
		s.node.kill()
	}
	go kill()
	if delay < 0 {
		<-s.node.ended
	}
	err := s.do()
	if err != nil && !struck.Load() {
		k.t.Errorf("%s at %s, before it was killed: %v", s.name, s.node.name, err)
	}
	<-gone
	m := after
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		m = before
	case err != nil:
		m = within
	}
	if k.kills[s.name] == nil {
		k.kills[s.name] = new([after + 1]int)
	}
	k.kills[s.name][m]++
	s.node.restart()
	return m
}

// nap waits so exactly as only the kernel can: the runtime's timers ring at whole
// milliseconds, of which a request takes only a few.
func nap(d time.Duration) {
	if d > 0 {
		t := syscall.NsecToTimespec(d.Nanoseconds())
		_ = syscall.Nanosleep(&t, nil)
	}
}

// report logs when nodes were killed, and fails the test if that was hardly ever
// within a request.
func (k *killer) report() {
	k.t.Helper()
	var sum [after + 1]int
	var text strings.Builder
	line := func(name string, n [after + 1]int) {
		fmt.Fprintf(&text, "\n%-20s %6d %6d %6d", name, n[before], n[within], n[after])
	}
	for _, name := range slices.Sorted(maps.Keys(k.kills)) {
		line(name, *k.kills[name])
		for m, n := range k.kills[name] {
			sum[m] += n
		}
	}
	line("in all", sum)
	k.t.Logf("kills before, within and after the requests:%s", &text)
	// Chance makes much of a few.
	if all := sum[before] + sum[within] + sum[after]; all >= 40 && sum[within] < all/5 {
		k.t.Errorf("of %d kills, %d were within a request: want a fifth at least", all, sum[within])
	}
}
