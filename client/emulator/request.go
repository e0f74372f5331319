package emulator

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	mrand "math/rand/v2"
	"slices"
	"time"
)

// A Request is a push request on a phone.
type Request struct {
	ID      string // for pages; not the session token
	Token   string // the session token
	Email   string
	Number  string   // the right one
	Choices []string // the numbers to choose from, in the order shown
	State   RequestState
	Outcome string // of the report to the application, in words

	CreatedAt time.Time
	ExpiresAt time.Time
}

// A RequestState is the state of a request.
type RequestState uint8

const (
	Waiting  RequestState = iota // pending
	Approved                     // the right number was tapped
	Denied                       // a wrong number was tapped, or "It's not me"
	Expired                      // not answered in time
	Failed                       // the service failed
)

func (s RequestState) String() string {
	switch s {
	case Waiting:
		return "waiting"
	case Approved:
		return "approved"
	case Denied:
		return "denied"
	case Expired:
		return "expired"
	case Failed:
		return "failed"
	}
	return "invalid"
}

type request struct {
	id, token, email, number string
	choices                  []string
	created, expires         time.Time
	answer                   RequestState  // Waiting until it was answered
	reported                 chan struct{} // closed after the report to the application
	outcome                  string        // of the callbacks, for the page
}

// maxRequests limits the recorded requests of a long demo.
const maxRequests = 1000

// newRequest adds a request. e.mu must be held.
func (e *Emulator) newRequest(email string) *request {
	now := e.config.Now()
	choices := make([]string, 0, 3)
	for _, n := range mrand.Perm(90)[:3] {
		choices = append(choices, fmt.Sprint(10+n))
	}
	q := &request{
		id:       rand.Text(),
		token:    e.token(now),
		email:    email,
		number:   choices[mrand.IntN(3)],
		choices:  choices,
		created:  now,
		expires:  now.Add(e.config.Lifetime),
		reported: make(chan struct{}),
	}
	if len(e.requests) >= maxRequests {
		e.requests = slices.Delete(e.requests, 0, maxRequests/2)
	}
	e.requests = append(e.requests, q)
	close(e.arrived)
	e.arrived = make(chan struct{})
	return q
}

// byToken returns the request with that token, or nil. e.mu must be held.
func (e *Emulator) byToken(token string) *request {
	for _, q := range e.requests {
		if q.token == token {
			return q
		}
	}
	return nil
}

func (q *request) state(now time.Time) RequestState {
	if q.answer == Waiting && !now.Before(q.expires) {
		return Expired
	}
	return q.answer
}

func (q *request) view(now time.Time) Request {
	return Request{
		ID: q.id, Token: q.token, Email: q.email, Number: q.number,
		Choices: slices.Clone(q.choices), State: q.state(now), Outcome: q.outcome,
		CreatedAt: q.created, ExpiresAt: q.expires,
	}
}

// Requests returns the push requests, oldest first. When there are 1000, the older half is
// forgotten.
func (e *Emulator) Requests() []Request {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.config.Now()
	views := make([]Request, 0, len(e.requests))
	for _, q := range e.requests {
		views = append(views, q.view(now))
	}
	return views
}

// decide answers the newest pending request that matches with the state that pick
// returns. If none is pending, the error is about the newest that matches.
func (e *Emulator) decide(match func(*request) bool, pick func(*request) RequestState) (*request, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.config.Now()
	var err error
	for _, q := range slices.Backward(e.requests) {
		if !match(q) {
			continue
		}
		switch q.state(now) {
		case Waiting:
			q.answer = pick(q)
			return q, nil
		case Approved, Denied, Failed:
			err = cmp.Or(err, ErrAnswered)
		case Expired:
			err = cmp.Or(err, ErrExpired)
		}
	}
	return nil, cmp.Or(err, ErrNoRequest)
}

// Tap taps a number of the request with that ID, which need not be the newest, and
// reports the result as [Phone.Approve] does.
func (e *Emulator) Tap(ctx context.Context, id, number string) ([]Reply, error) {
	q, err := e.settle(id, tapped(number))
	if err != nil {
		return nil, err
	}
	return e.report(ctx, q)
}

// Deny answers "It's not me" to the request with that ID.
func (e *Emulator) Deny(ctx context.Context, id string) ([]Reply, error) {
	return e.Tap(ctx, id, "")
}

// settle answers the request with that ID.
func (e *Emulator) settle(id string, pick func(*request) RequestState) (*request, error) {
	return e.decide(func(q *request) bool { return q.id == id }, pick)
}

// tapped returns the state after a tap of the number.
func tapped(number string) func(*request) RequestState {
	return func(q *request) RequestState {
		if number == q.number {
			return Approved
		}
		return Denied
	}
}

// reasonOf returns why the newest report with that token was refused. e.mu must be held.
func (e *Emulator) reasonOf(token string) string {
	for _, c := range slices.Backward(e.callbacks) {
		if c.Token == token {
			return c.Reason()
		}
	}
	return "given up"
}

// report reports the answer to the application.
func (e *Emulator) report(ctx context.Context, q *request) ([]Reply, error) {
	replies, err := e.deliver(ctx, q.token, q.answer == Approved)
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case err != nil:
		q.outcome = "not reported: " + e.reasonOf(q.token)
	case len(replies) == 0:
		q.outcome = "no callback URL to report to"
	default:
		q.outcome = fmt.Sprintf("reported: HTTP %d", replies[0].Status)
		if reason := e.reasonOf(q.token); reason != "" {
			q.outcome = "not accepted: " + reason
		}
	}
	close(q.reported)
	return replies, err
}
