package middleware

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// probeTime is how long a handler may take that waits until its client leaves.
const probeTime = time.Second

// send asks a handler.
func send(h http.Handler, method, host, path string, copied bool) (p *probe, status int) {
	p = &probe{copied: copied}
	ctx, cancel := context.WithTimeout(context.WithValue(context.Background(), probeKey{}, p), probeTime)
	defer cancel()
	r := (&http.Request{
		Method: method, URL: &url.URL{Path: path}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: make(http.Header), Body: http.NoBody, RequestURI: (&url.URL{Path: path}).EscapedPath(),
		Host: cmp.Or(host, "localhost"), RemoteAddr: "127.0.0.1:65535",
	}).WithContext(ctx)
	w := &answer{header: make(http.Header)}
	serve(h, w, r)
	return p, w.code()
}

// serve survives what panics for want of a session or the like.
func serve(h http.Handler, w http.ResponseWriter, r *http.Request) {
	defer func() { _ = recover() }()
	h.ServeHTTP(w, r)
}

// An answer keeps the status only.
type answer struct {
	header http.Header
	status int
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) Write(b []byte) (int, error) { a.WriteHeader(http.StatusOK); return len(b), nil }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= http.StatusOK {
		a.status = status
	}
}

func (a *answer) code() int {
	if a.status == 0 {
		return http.StatusOK
	}
	return a.status
}

// probeKey is where a context has a probe: nobody else can put one there, least
// of all from outside.
type probeKey struct{}

// A probe asks, in place of a request, what becomes of the request of a locked
// session.
type probe struct {
	copied bool // behind the gates there is nothing of the application's

	mu        sync.Mutex // for middleware that goes on in another goroutine
	taken     int        // steps
	gate      *Gate      // that was met last
	verdict   probeVerdict
	exemption string
	status    int         // that middleware answered, before a gate was met
	entered   *registered // whose own middleware, or handler, it came to
	reached   *registered
	method    string // of the route that was reached
}

type probeVerdict int

const (
	probeUnmet probeVerdict = iota
	probeExempt
	probeGuarded
	probeOwn
)

func probeOf(r *http.Request) *probe {
	p, _ := r.Context().Value(probeKey{}).(*probe)
	return p
}

// answer is the gate's, instead of guarding next. It goes on to next only if that
// is a copy without handlers, and a locked session would get there.
func (p *probe) answer(g *Gate, w http.ResponseWriter, r *http.Request, next http.Handler) {
	if !g.exempt.match(r) {
		p.met(g, probeGuarded, "")
		return
	}
	_, pattern := g.exempt.mux.Handler(r)
	p.met(g, probeExempt, pattern)
	if p.copied {
		next.ServeHTTP(w, r)
	}
}

func (p *probe) met(g *Gate, verdict probeVerdict, exemption string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken++
	p.gate, p.verdict, p.exemption = g, verdict, exemption
}

func (p *probe) step() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken++
}

func (p *probe) steps() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.taken
}

// stopped notes an answer of middleware.
func (p *probe) stopped(status int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gate == nil && p.status == 0 {
		p.status = status
	}
}
