package handlers

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/templates"
)

// writeTimeout is how long a browser may take to receive an event.
const writeTimeout = 10 * time.Second

// status is what a waiting page or program is told.
type status struct {
	State     string `json:"state"` // pending, approved, rejected, expired or none
	Number    string `json:"number,omitempty"`
	Webview   string `json:"webview_url,omitempty"` // the service's page, in the hosted modes
	ExpiresIn int    `json:"expires_in,omitempty"`  // seconds
	Verified  bool   `json:"verified,omitempty"`    // whether the session is unlocked
	Next      string `json:"next,omitempty"`        // where to go
}

// status tells a waiting page where its challenge stands. It changes nothing:
// the answer to a poll may cross with others of the same session, and the one
// that renews it must be the one that the browser follows.
func (h *Handlers) status(v *visit) {
	s, waits := h.settled(v)
	if waits {
		view, err := h.cfg.Rules.LookWaiting(v.ctx(), v.user, h.cfg.Sessions.Ref(v.ctx()))
		if err != nil {
			h.Unavailable(v.w, v.r, err)
			return
		}
		s = h.statusOf(v, view)
	}
	sendJSON(v.w, http.StatusOK, typeJSON, s)
}

// sendStatus sends how the challenge stands in the store.
func (h *Handlers) sendStatus(v *visit, code int) {
	s, waits := h.settled(v)
	if waits {
		view, err := h.cfg.Rules.Look(v.ctx(), v.user, h.cfg.Sessions.Ref(v.ctx()))
		if err != nil {
			h.Unavailable(v.w, v.r, err)
			return
		}
		s = h.statusOf(v, view)
	}
	sendJSON(v.w, code, typeJSON, s)
}

// settled returns what a session is told that has nothing to wait for. waits is true
// if it has.
func (h *Handlers) settled(v *visit) (s status, waits bool) {
	switch {
	case !v.proving():
		return status{State: templates.ChallengeApproved.String(), Verified: true, Next: h.unlocking()}, false
	case !v.accepts(records.MethodPush):
		return status{State: templates.ChallengeNone.String()}, false
	}
	return status{}, true
}

// unlocking is the page that unlocks the session, and knows where to go on.
func (h *Handlers) unlocking() string { return h.cfg.Base + "/challenge" }

func (h *Handlers) statusOf(v *visit, view factor.View) status {
	s := status{State: state(view.Phase).String()}
	switch view.Phase {
	case factor.PhasePending:
		s.Number, s.Webview = view.Number, h.webviewURL(v, view)
		s.ExpiresIn = seconds(view.ExpiresAt.Sub(h.cfg.Rules.Now()))
	case factor.PhaseApproved:
		s.Next = h.unlocking()
	case factor.PhaseNone, factor.PhaseRejected, factor.PhaseExpired, factor.PhaseReplaced, factor.PhaseConsumed:
	}
	return s
}

// events is status as a stream of server-sent events, one for each change, that
// ends with the waiting.
func (h *Handlers) events(v *visit) {
	s, waits := h.settled(v)
	if !waits {
		stream := h.stream(v)
		defer stream.end()
		stream.send(s)
		return
	}
	wait, view, err := h.cfg.Rules.Wait(v.ctx(), v.user, h.cfg.Sessions.Ref(v.ctx()))
	if err != nil {
		h.Unavailable(v.w, v.r, err)
		return
	}
	defer wait.Stop()
	stream := h.stream(v)
	defer stream.end()
	s = h.statusOf(v, view)
	for ok := stream.send(s); ok && view.Phase == factor.PhasePending; {
		select {
		case <-v.ctx().Done():
			return
		case <-wait.C():
		}
		if view, err = wait.Look(); err != nil {
			return // the page connects again, and is told
		}
		last := s
		s = h.statusOf(v, view)
		switch {
		case s.State != last.State || s.Number != last.Number:
			ok = stream.send(s)
		case wait.Due():
			ok = stream.write(": waiting\n\n")
		}
	}
}

func (h *Handlers) stream(v *visit) *eventStream {
	v.w.Header().Set("Content-Type", "text/event-stream")
	v.w.Header().Set("X-Accel-Buffering", "no") // nginx would hold events back
	return &eventStream{w: v.w, c: http.NewResponseController(v.w)}
}

// An eventStream writes server-sent events.
type eventStream struct {
	w http.ResponseWriter
	c *http.ResponseController
}

func (e *eventStream) send(s status) bool {
	b, err := json.Marshal(s)
	return err == nil && e.write(fmt.Sprintf("data: %s\n\n", b))
}

// write returns false when nobody listens any more, or when the connection
// can't be flushed: the page then polls.
func (e *eventStream) write(s string) bool {
	// Where there are no deadlines to set, the server has none either.
	_ = e.c.SetWriteDeadline(time.Now().Add(writeTimeout))
	if _, err := e.w.Write([]byte(s)); err != nil {
		return false
	}
	return e.c.Flush() == nil
}

// end takes back the deadline, which would otherwise hold for the connection's
// next response too: net/http sets none where the server has none.
func (e *eventStream) end() { _ = e.c.SetWriteDeadline(time.Time{}) }
