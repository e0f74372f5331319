package handlers

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/templates"
)

// writeTimeout is how long a browser may take to receive an event.
const writeTimeout = 10 * time.Second

// pollEvery is how often a page polls that has no events.
const pollEvery = 2 * time.Second

// status tells a waiting page where its challenge stands. It changes nothing:
// the answer to a poll may cross with others of the same session, and the one
// that renews it must be the one that the browser follows.
func (h *Handlers) status(v *visit) answer {
	if _, waits := h.settled(v); waits {
		var err error
		if v.Challenge, err = h.cfg.Rules.LookWaiting(v.ctx(), v.User, v.Session); err != nil {
			return fault{err}
		}
	}
	return h.sendStatus(v, http.StatusOK)
}

// sendStatus tells how the challenge stands.
func (h *Handlers) sendStatus(v *visit, code int) answer {
	s, waits := h.settled(v)
	if waits {
		if v.Challenge.Phase == factor.PhaseElsewhere {
			return otherBrowser
		}
		s = h.statusOf(v, v.Challenge)
	}
	return reply{code, s}
}

// settled returns what a session is told that has nothing to wait for. waits is true
// if it has.
func (h *Handlers) settled(v *visit) (s challengeJSON, waits bool) {
	switch {
	case !v.Proving():
		return verified(h.unlocking()), false
	case !v.Accepts(eagate.Push):
		return challengeJSON{State: templates.ChallengeNone.String()}, false
	}
	return challengeJSON{}, true
}

// verified is what a program is told that has nothing to prove.
func verified(next string) challengeJSON {
	return challengeJSON{State: templates.ChallengeApproved.String(), Verified: true, Next: next}
}

// unlocking is the page that unlocks the session, and knows where to go on.
func (h *Handlers) unlocking() string { return h.cfg.Base + "/challenge" }

func (h *Handlers) statusOf(v *visit, view factor.View) challengeJSON {
	s := challengeJSON{State: state(view.Phase).String()}
	switch view.Phase {
	case factor.PhasePending:
		s.Number, s.Webview = view.Number, h.webviewURL(v, view)
		s.ExpiresIn = seconds(view.ExpiresAt.Sub(h.cfg.Rules.Now()))
	case factor.PhaseApproved:
		s.Next = h.unlocking()
	case factor.PhaseNone, factor.PhaseNotApproved, factor.PhaseRejected, factor.PhaseExpired, factor.PhaseReplaced, factor.PhaseConsumed, factor.PhaseElsewhere:
	}
	return s
}

// events is status as a stream of server-sent events, one for each change, that
// ends with the waiting.
func (h *Handlers) events(v *visit) answer {
	e := &eventStream{h: h, v: v}
	var waits bool
	if e.first, waits = h.settled(v); !waits {
		return e
	}
	var err error
	e.wait, e.view, err = h.cfg.Rules.Wait(v.ctx(), v.User, v.Session)
	switch {
	case errors.Is(err, factor.ErrManyWait): // a browser takes it for the end of the events, and the page polls
		return failure{problem: eagate.ProblemManyWait, retryIn: pollEvery, forProgram: true}
	case err != nil:
		return fault{err}
	case e.view.Phase == factor.PhaseElsewhere:
		e.wait.Stop()
		return otherBrowser
	}
	e.first = h.statusOf(v, e.view)
	return e
}

// EndStreams ends the streams of events that are open, and from now on each one after its
// first event: the browser connects again, to another node perhaps.
func (h *Handlers) EndStreams() { h.end() }

// reconnect is how long a browser waits before it connects again. They don't all come at
// once when a node ends.
func reconnect() time.Duration { return time.Second + rand.N(2*time.Second) }

// An eventStream writes server-sent events.
type eventStream struct {
	h *Handlers
	v *visit
	c *http.ResponseController

	first  challengeJSON
	head   string       // goes before the next event
	wait   *factor.Wait // nil where there is nothing to wait for
	view   factor.View
	broken bool // nobody listens any more, or the connection can't be flushed: the page then polls
}

// send sends events until the waiting ends. Its own frame is small: the stack is kept
// meanwhile.
func (e *eventStream) send(*Handlers, *visit) {
	e.begin()
	defer e.end()
	for e.waits() {
		select {
		case <-e.v.r.Context().Done():
			return
		case <-e.h.ended:
			return
		case <-e.wait.C():
			e.woken()
		}
	}
}

func (e *eventStream) begin() {
	e.v.w.Header().Set("Content-Type", "text/event-stream")
	e.v.w.Header().Set("X-Accel-Buffering", "no") // nginx would hold events back
	e.c = http.NewResponseController(e.v.w)
	e.head = fmt.Sprintf("retry: %d\n", reconnect().Milliseconds())
	e.event(e.first)
}

// waits reports whether another event may come.
func (e *eventStream) waits() bool {
	return e.wait != nil && !e.broken && e.view.Phase == factor.PhasePending
}

// woken sends what has changed, or a sign of life if one is due.
func (e *eventStream) woken() {
	last := e.view
	var err error
	if e.view, err = e.wait.Look(); err != nil {
		e.broken = true // the page connects again, and is told
		return
	}
	switch {
	case e.view.Phase != last.Phase || e.view.Number != last.Number:
		e.event(e.h.statusOf(e.v, e.view))
	case e.wait.Due():
		e.write(": waiting\n\n")
	}
}

func (e *eventStream) event(s challengeJSON) {
	b, err := json.Marshal(s)
	if err != nil {
		e.broken = true
		return
	}
	e.write(fmt.Sprintf("%sdata: %s\n\n", e.head, b))
	e.head = ""
}

func (e *eventStream) write(s string) {
	// Where there are no deadlines to set, the server has none either.
	_ = e.c.SetWriteDeadline(time.Now().Add(writeTimeout))
	_, err := e.v.w.Write([]byte(s))
	e.broken = err != nil || e.c.Flush() != nil
}

// end ends the waiting, and takes back the deadline, which would otherwise hold for
// the connection's next response too: net/http sets none where the server has none.
func (e *eventStream) end() {
	if e.wait != nil {
		e.wait.Stop()
	}
	_ = e.c.SetWriteDeadline(time.Time{})
}
