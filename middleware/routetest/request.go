package routetest

import (
	"cmp"
	"context"
	"net/http"
	"net/http/httptest"
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
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
	r.Method, r.URL.Path, r.Host = method, path, cmp.Or(host, "localhost")
	r.RequestURI, r.RemoteAddr = r.URL.EscapedPath(), "127.0.0.1:65535"
	status := serve(h, r)
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
	w := httptest.NewRecorder()
	defer func() {
		_ = recover()
		status = w.Code
	}()
	h.ServeHTTP(w, r)
	return w.Code
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
