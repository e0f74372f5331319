package routetest_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	chimw "github.com/go-chi/chi/v5/middleware"

	"github.com/eagate/eagate/middleware/routetest"
)

// A draft is a router that is made up.
type draft struct {
	*rand.Rand
	guard func(http.Handler) http.Handler
	app   http.HandlerFunc
	said  []string // how it was made
}

// add adds routes to a router, and routers to it down to some depth.
func (d *draft) add(r chi.Router, depth int) {
	indent := strings.Repeat("  ", 3-depth)
	say := func(format string, args ...any) { d.said = append(d.said, indent+fmt.Sprintf(format, args...)) }
	uses := []func(http.Handler) http.Handler{d.guard, chimw.CleanPath, chimw.StripSlashes, chimw.GetHead}
	if i := d.IntN(16); i < len(uses) {
		say("Use %d", i)
		r.Use(uses[i])
	}
	for range 1 + d.IntN(4) {
		pattern := d.pattern()
		guarded := d.IntN(3) > 0
		at := r
		if guarded {
			at = r.With(d.guard)
		}
		switch kind := d.IntN(8); {
		case kind < 3:
			say("Get %s %t", pattern, guarded)
			at.Get(pattern, d.app)
		case kind == 3:
			say("Handle %s %t", pattern, guarded)
			at.Handle(pattern, d.app)
		case kind == 4:
			say("Get %s/* %t", pattern, guarded)
			at.Get(pattern+"/*", d.app)
		case kind == 5:
			say("NotFound")
			r.NotFound(d.app)
		case depth > 0 && kind == 6:
			say("Route %s %t", pattern, guarded)
			at.Route(pattern, func(r chi.Router) { d.add(r, depth-1) })
		case depth > 0:
			say("Group %t", guarded)
			at.Group(func(r chi.Router) { d.add(r, depth-1) })
		}
	}
}

func (d *draft) pattern() string {
	first, second := []string{"/a", "/b", "/{x}", "/{y:[a-z-]+}"}, []string{"", "/b", "/{z:[0-9]+}", "/{q}.json"}
	return first[d.IntN(len(first))] + second[d.IntN(len(second))]
}

// FuzzCheck makes up routers. Where nothing is found, no request of a locked
// session gets to a handler.
func FuzzCheck(f *testing.F) {
	for seed := range uint64(100) {
		f.Add(seed)
	}
	f.Add(uint64(2407)) // a route over a mounted router
	f.Add(uint64(2536)) // that chi refuses to copy
	var paths []string
	words := []string{"a", "b", "7", "x-y", "k.json", "Q_", ""}
	for _, first := range words {
		paths = append(paths, "/"+first)
		for _, second := range words {
			paths = append(paths, "/"+first+"/"+second, "/"+first+"/"+second+"/7", "/"+first+"/"+second+"/x-y/")
		}
	}
	gate, sessions := newGate()
	f.Fuzz(func(t *testing.T, seed uint64) {
		ran := false
		d := &draft{Rand: rand.New(rand.NewPCG(seed, 0)), guard: gate.Require, app: func(http.ResponseWriter, *http.Request) { ran = true }}
		r := chi.NewRouter()
		r.Use(sessions.LoadAndSave)
		if refused(func() { d.add(r, 2) }) {
			return
		}
		if err := routetest.Check(r, "/2fa/"); err != nil {
			return
		}
		for _, path := range paths {
			for _, method := range []string{"GET", "POST"} {
				// TestCheckPatternsAgreesWithTheGuard has seen to it that this is what happens.
				_ = routetest.CheckPatterns(r, []string{method + " " + exact(path)}, "/2fa/")
				if ran {
					t.Fatalf("%s %s gets through:\n%s", method, path, strings.Join(d.said, "\n"))
				}
			}
		}
	})
}

// refused reports whether chi panics, as for two routers at the same path.
func refused(build func()) (yes bool) {
	defer func() { yes = recover() != nil }()
	build()
	return false
}
