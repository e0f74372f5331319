package middleware_test

import (
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/store"
)

// BenchmarkFlow compares whole flows, from the password over the phone to the
// page, with those of an application that has them written by hand (the goal is
// 0.9 of its throughput), in turns of some 20 ms. Both make the same requests
// through sockets, of the same service. A browser looks at the waiting page, a
// program doesn't: rendering it takes as long on either side, and hides a part
// of the rest.
//
// By hand, it is remembered in maps, or in the records of a gate: the one says what a gate
// costs in all, and the other what it costs beside keeping what a restart, another node or
// a second request at once must not lose.
func BenchmarkFlow(b *testing.B) {
	for _, kept := range []string{"maps", "records"} {
		for _, visitor := range []string{"browser", "program"} {
			for _, clients := range []int{1, 16} {
				b.Run(fmt.Sprintf("by-hand-in-%s/%s/%d-clients", kept, visitor, clients), func(b *testing.B) {
					service := newStandIn(b)
					ours := gated(b, service, store.NewMemory(), newMemstore())
					var memory remembered = newMaps()
					if kept == "records" {
						memory = newInRecords(b, store.NewMemory())
					}
					compareFlows(b, clients, visitor == "browser", ours, handwritten(b, service, memory, newMemstore()))
				})
			}
		}
	}
}

func compareFlows(b *testing.B, clients int, looks bool, ours, theirs *site) {
	turn := max(32, 3*clients)
	users := 0
	run := func(s *site) float64 {
		emails := make([]string, turn) // others each time: a phone may be asked three times
		for i := range emails {
			users++
			emails[i] = strconv.Itoa(users) + "@example.com"
			expect.NoError(b, s.enrol(emails[i]))
		}
		start := time.Now()
		expect.NoError(b, s.flows(clients, looks, emails))
		return float64(turn) / time.Since(start).Seconds()
	}
	run(ours)
	run(theirs)
	// The median, so that whatever else the machine does in some turns doesn't
	// count.
	var ratios, our, their []float64
	for b.Loop() {
		var us, them float64
		if len(ratios)%2 == 0 {
			us, them = run(ours), run(theirs)
		} else {
			them, us = run(theirs), run(ours)
		}
		ratios, our, their = append(ratios, us/them), append(our, us), append(their, them)
	}
	for _, figures := range [][]float64{ratios, our, their} {
		slices.Sort(figures)
	}
	middle := len(ratios) / 2
	b.ReportMetric(ratios[middle], "ratio")
	b.ReportMetric(our[middle], "flows/s")
	b.ReportMetric(their[middle], "by-hand-flows/s")
	b.ReportMetric(0, "ns/op") // of a turn each: says nothing
}

// flows lets each of the clients lead one user after the other.
func (s *site) flows(clients int, looks bool, emails []string) error {
	var all sync.WaitGroup
	var next atomic.Int64
	failed := make(chan error, clients)
	for range clients {
		all.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(emails) {
					return
				}
				if err := s.flow(emails[i], looks); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	all.Wait()
	close(failed)
	return <-failed
}

// What the benchmark compares is the same on both sides.
func TestFlowsAreAlike(t *testing.T) {
	const requests, calls = 8, 2
	service := newStandIn(t)
	for name, s := range map[string]*site{
		"gate":               gated(t, service, store.NewMemory(), newMemstore()),
		"by hand in maps":    handwritten(t, service, newMaps(), newMemstore()),
		"by hand in records": handwritten(t, service, newInRecords(t, store.NewMemory()), newMemstore()),
	} {
		before := service.calls.Load()
		expect.NoError(t, s.enrol(alice))
		expect.NoError(t, s.flow(alice, true), "%s", name)
		expect.Equal(t, s.requests.Load(), requests, "%s, requests", name)
		expect.Equal(t, service.calls.Load()-before, calls, "%s, calls of the service", name)
	}
}
