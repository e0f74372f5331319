package routetest

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eagate/eagate/internal/routecheck"
)

// timeout is how long a handler may take that waits until its client leaves.
const timeout = time.Second

// A request is one that a check sends. It notes what becomes of it.
type request struct {
	steps atomic.Int64 // middleware that it has passed, and gates that it has come to

	mu sync.Mutex // middleware may go on in another goroutine
	result
}

// A result is what became of a request.
type result struct {
	copied    bool               // it was sent to a copy, which has none of the application's handlers
	gate      *routecheck.Gate   // the last that it came to
	outcome   routecheck.Outcome // what that gate did
	exemption string             // by which it passed that gate
	status    int                // the answer of middleware before any gate
	entered   *route             // the last whose own middleware it came to
	reached   *route             // where it ended
	method    string             // for which the reached handler is registered
}

// send asks the handler for a path.
func send(h http.Handler, method, host, path string, copied bool) result {
	req := &request{result: result{copied: copied}}
	ctx, cancel := context.WithTimeout(context.WithValue(context.Background(), requestKey{}, req), timeout)
	defer cancel()
	status := serve(h, (&http.Request{
		Method: method, URL: &url.URL{Path: path}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: make(http.Header), Body: http.NoBody, RequestURI: (&url.URL{Path: path}).EscapedPath(),
		Host: cmp.Or(host, "localhost"), RemoteAddr: "127.0.0.1:65535",
	}).WithContext(ctx))
	req.mu.Lock()
	defer req.mu.Unlock()
	if !copied && req.outcome == routecheck.Unseen && status >= http.StatusMultipleChoices {
		req.status = status
	}
	return req.result
}

// serve returns the status that the handler answers with. It recovers from panics,
// such as for want of a session.
func serve(h http.Handler, r *http.Request) (status int) {
	w := &recorder{header: make(http.Header)}
	defer func() {
		_ = recover()
		status = cmp.Or(w.status, http.StatusOK)
	}()
	h.ServeHTTP(w, r)
	return 0
}

// A recorder is a ResponseWriter that keeps the status only.
type recorder struct {
	header http.Header
	status int
}

func (w *recorder) Header() http.Header         { return w.header }
func (w *recorder) Write(b []byte) (int, error) { w.WriteHeader(http.StatusOK); return len(b), nil }

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK {
		w.status = status
	}
}

// requestKey is where a context has the request of a check.
type requestKey struct{}

func init() {
	routecheck.Register(func(r *http.Request) routecheck.Request {
		if req := requestOf(r); req != nil {
			return req
		}
		return nil
	})
}

// requestOf returns the request of a check, or nil for any other.
func requestOf(r *http.Request) *request {
	req, _ := r.Context().Value(requestKey{}).(*request)
	return req
}

// Arrived implements [routecheck.Request].
func (q *request) Arrived(at *routecheck.Gate, o routecheck.Outcome, exemption string) (proceed bool) {
	q.steps.Add(1)
	q.update(func(res *result) { res.gate, res.outcome, res.exemption = at, o, exemption })
	return q.copied
}

func (q *request) update(change func(*result)) {
	q.mu.Lock()
	defer q.mu.Unlock()
	change(&q.result)
}
