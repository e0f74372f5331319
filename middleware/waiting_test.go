package middleware_test

import (
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/store"
)

// The limits of waiting.
const (
	storeQueries = 50                      // in a second, for 10,000 that wait
	streamBytes  = 42 << 10                // under the race detector; 32 KB without
	lookedFor    = 1200 * time.Millisecond // from the callback on another node to the page that waits
	watchedFor   = 200 * time.Millisecond  // the same where the store can be watched
	overBare     = 3                       // on the same node, in times of what bare server-sent events take; less than 2 on a machine of its own
)

// TestWaiting has many logins wait at once. Of the times, it takes those of three
// in four, or the middle one: the others are the machine's, when it is busy.
func TestWaiting(t *testing.T) {
	if testing.Short() {
		t.Skip("measures for some seconds")
	}
	for _, c := range []waiters{{200, false, false}, {200, true, true}} {
		t.Run(c.String(), func(t *testing.T) {
			w := wait(t, c, 30)
			if d := within(w.other, 0.75); d > c.otherNode() {
				t.Errorf("on another node, answers came after %v, want them within %v", d, c.otherNode())
			}
			// For one batch, as 10,000 are twenty.
			if most := storeQueries / 10.0; w.queries > most {
				t.Errorf("the store was asked %.1f times a second, want at most %v times", w.queries, most)
			}
			if perStream := w.heap + w.stack; !c.polling && perStream > streamBytes {
				t.Errorf("a stream took %.0f bytes, want at most %d", perStream, streamBytes)
			}
			same, bare := within(w.same, 0.5), within(w.bare, 0.5)
			if ratio := float64(same) / float64(bare); ratio > overBare {
				t.Errorf("on the same node, answers came after %v, bare events after %v: want at most %v times that", same, bare, overBare)
			}
		})
	}
}

// BenchmarkWaiting tells what it costs that many logins wait at once on one node, and
// how soon an answer reaches them, whether it comes to that node or to another one.
// The memory of waiting is all that a stream of server-sent events takes in the Go
// process, net/http's part included, or what a poller leaves behind; the browsers are
// in another process. For comparison: events without anything else, to as many streams.
func BenchmarkWaiting(b *testing.B) {
	for _, logins := range []int{100, 1000, 10_000} {
		for _, c := range []waiters{{logins, false, false}, {logins, false, true}, {logins, true, false}, {logins, true, true}} {
			b.Run(c.String(), func(b *testing.B) {
				var w waiting
				for b.Loop() {
					w = wait(b, c, 200)
				}
				b.ReportMetric(w.kept, "store-B/login")
				b.ReportMetric(w.heap, "heap-B/login")
				b.ReportMetric(w.stack, "stack-B/login")
				b.ReportMetric(w.goroutines, "goroutines/login")
				b.ReportMetric(w.queries, "queries/s")
				for name, times := range map[string][]time.Duration{"same-node": w.same, "other-node": w.other, "bare": w.bare} {
					for quantile, q := range map[string]float64{"p50": 0.5, "p99": 0.99} {
						b.ReportMetric(float64(within(times, q).Microseconds())/1000, name+"-"+quantile+"-ms")
					}
				}
				b.ReportMetric(float64(within(w.same, 0.5))/float64(within(w.bare, 0.5)), "same-node/bare")
				b.ReportMetric(0, "ns/op") // mostly of the logging in: says nothing
			})
		}
	}
}

// within is the time within which that part of them came.
func within(times []time.Duration, part float64) time.Duration {
	slices.Sort(times)
	return times[int(part*float64(len(times)-1))]
}

// waiters wait on one node.
type waiters struct {
	logins  int
	polling bool // rather than listening to events
	watched bool // whether the store can be watched
}

func (c waiters) String() string {
	name := fmt.Sprintf("%d/streams", c.logins)
	if c.polling {
		name = fmt.Sprintf("%d/pollers", c.logins)
	}
	if c.watched {
		return name + "/watching"
	}
	return name + "/looking"
}

func (c waiters) otherNode() time.Duration {
	if c.watched {
		return watchedFor
	}
	return lookedFor
}

// waiting is what was measured, memory for each login.
type waiting struct {
	kept        float64 // bytes: the account, the challenge and the session, in stores in memory
	heap, stack float64 // bytes
	goroutines  float64
	queries     float64 // in a second, of all

	same, other, bare []time.Duration // from the callback to the event, in order
}

// wait has the crowd wait on one node, and measures on some more logins how soon an
// answer comes there that is reported there, or to another node of the same store.
func wait(tb testing.TB, c waiters, samples int) (w waiting) {
	tb.Helper()
	w.bare = bare(tb, c.logins, samples)
	world := apptest.World{Store: apptest.NewFaultyStore(store.NewMemory())} // counts
	if c.watched {
		world.Watch()
	}
	documents, kept := world.Store, newMemstore()
	service := newStandIn(tb)
	one, two := gated(tb, service, documents, kept), gated(tb, service, documents, kept)
	before := memory()
	visitors := stopAll(tb, one, c.logins+samples)
	elsewhere := stopAll(tb, two, samples)
	one.transport.CloseIdleConnections()
	two.transport.CloseIdleConnections()
	stopped := memory()
	w.kept = (stopped.heap - before.heap) / float64(len(visitors))

	goroutines := runtime.NumGoroutine()
	closeBrowsers := openBrowsers(tb, one, c.polling, visitors[:c.logins])
	open := memory()
	w.heap = (open.heap - stopped.heap) / float64(c.logins)
	w.stack = (open.stack - stopped.stack) / float64(c.logins)
	w.goroutines = float64(runtime.NumGoroutine()-goroutines) / float64(c.logins)

	asked := documents.Asked()
	const some = 3 * time.Second
	<-time.After(some)
	w.queries = float64(documents.Asked()-asked) / some.Seconds()

	w.same = answers(tb, one, visitors[c.logins:], 20*time.Millisecond)
	w.other = answers(tb, one, elsewhere, time.Second/time.Duration(samples))

	closeBrowsers()
	return w
}

// bare measures events to one of many streams without a gate: a handler that waits
// for a channel, which another one signals.
func bare(tb testing.TB, logins, samples int) []time.Duration {
	tb.Helper()
	var mu sync.Mutex
	streams := make(map[string]chan string)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2fa/challenge/events", func(w http.ResponseWriter, r *http.Request) {
		answer := make(chan string, 1)
		mu.Lock()
		streams[r.Header.Get("Cookie")] = answer
		mu.Unlock()
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "data: \"pending\"\n\n")
		_ = http.NewResponseController(w).Flush()
		select {
		case state := <-answer:
			fmt.Fprintf(w, "data: %q\n\n", state)
			_ = http.NewResponseController(w).Flush()
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("POST /report", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		answer := streams[r.FormValue("session_token")]
		mu.Unlock()
		answer <- "approved"
	})
	s := &site{service: &standIn{tokens: make(map[string]string)}}
	s.serve(tb, mux)
	s.callback = s.url + "/report"
	visitors := make([]*visitor, logins+samples)
	for i := range visitors {
		name := strconv.Itoa(i)
		s.service.tokens[name] = name
		visitors[i] = &visitor{site: s, email: name, cookie: name}
	}
	defer openBrowsers(tb, s, false, visitors[:logins])()
	return answers(tb, s, visitors[logins:], 20*time.Millisecond)
}

// used is memory in use, in bytes.
type used struct{ heap, stack float64 }

// memory returns what is in use, without garbage.
func memory() used {
	runtime.GC()
	runtime.GC() // what pools have kept from the first
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return used{heap: float64(m.HeapAlloc), stack: float64(m.StackInuse)}
}

// stopAll leads so many users to the challenge.
func stopAll(tb testing.TB, s *site, n int) []*visitor {
	tb.Helper()
	visitors := make([]*visitor, n)
	failed := make(chan error, n)
	places := make(chan int, n)
	for i := range n {
		places <- i
	}
	close(places)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for i := range places {
				email := strconv.Itoa(i) + "@" + strings.TrimPrefix(s.url, "http://") + ".example.com"
				err := s.enrol(email)
				if err == nil {
					visitors[i], err = s.stop(email)
				}
				if err != nil {
					failed <- err
				}
			}
		})
	}
	all.Wait()
	select {
	case err := <-failed:
		tb.Fatal(err)
	default:
	}
	return visitors
}

// answers has each of the visitors wait at the site, reports their approvals one
// by one to the node where they logged in, and returns how long the events took
// to come.
func answers(tb testing.TB, at *site, visitors []*visitor, pause time.Duration) []time.Duration {
	tb.Helper()
	streams := make([]*stream, len(visitors))
	for i, v := range visitors {
		streams[i] = listen(tb, at, v.cookie)
		defer streams[i].close()
		if event := streams[i].next(); !strings.Contains(event, `"pending"`) {
			tb.Fatalf("got event %q, want pending", event)
		}
	}
	took := make([]time.Duration, len(visitors))
	var all sync.WaitGroup
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for i, v := range visitors {
		<-tick.C
		all.Go(func() {
			begin := time.Now()
			if err := v.approve(); err != nil {
				tb.Error(err)
			}
			expect.Contains(tb, streams[i].next(), `"approved"`, "approved")
			took[i] = time.Since(begin)
		})
	}
	all.Wait()
	return took
}
