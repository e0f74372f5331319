// Package routecheck lets package routetest see what a gate does with a request.
//
// A program that doesn't import routetest has none of it: the gate compares a
// function with nil, and nothing in a request can make it do more. In one that does,
// a request of a check is known by its context, which no client can set; and it
// gets no further than any request that is exempt.
package routecheck

import "net/http"

// A Gate is what a check of routes knows of a gate.
type Gate struct {
	Mount     string                     // the path of its pages, without a slash at the end
	Exemption func(*http.Request) string // returns the pattern by which a request is exempt, or ""
}

// An Outcome is what a gate does with a request of a locked session.
type Outcome int

// The outcomes. Unseen is that of a request that came to no gate.
const (
	Unseen  Outcome = iota
	Exempt          // it passes by an exemption
	Guarded         // it is refused
	Pages           // it is answered by the gate's own pages
)

// A Request is one that a check of routes has sent.
type Request interface {
	// Arrived notes what a gate does with the request, and reports whether one
	// that is exempt is to go on to what is behind the gate.
	Arrived(at *Gate, o Outcome, exemption string) (proceed bool)
}

// find returns the request of a check, or nil for any other. It is nil in a program
// without package routetest.
var find func(*http.Request) Request

// Register sets how requests of a check are found. Package routetest calls it
// before main starts, and nothing else does.
func Register(f func(*http.Request) Request) { find = f }

// Answers reports whether the request is one of a check, and notes that the outcome is
// this one, whatever the exemptions are. The gate has nothing more to do with it.
func (g *Gate) Answers(r *http.Request, o Outcome) bool {
	if find == nil {
		return false
	}
	req := find(r)
	if req != nil {
		req.Arrived(g, o, "")
	}
	return req != nil
}

// Guards is Answers for a gate that guards next. Only what is exempt goes on there.
func (g *Gate) Guards(w http.ResponseWriter, r *http.Request, next http.Handler) bool {
	if find == nil {
		return false
	}
	req := find(r)
	if req == nil {
		return false
	}
	if exemption := g.Exemption(r); exemption == "" {
		req.Arrived(g, Guarded, "")
	} else if req.Arrived(g, Exempt, exemption) {
		next.ServeHTTP(w, r)
	}
	return true
}
