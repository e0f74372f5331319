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

const (
	lookEvery    = 1500 * time.Millisecond // how soon an answer that came to another node is seen
	keepAlive    = 15 * time.Second        // less than what proxies wait for
	writeTimeout = 10 * time.Second
)

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
func (h *Handlers) status(v *visit) { h.sendStatus(v, http.StatusOK) }

func (h *Handlers) sendStatus(v *visit, code int) {
	s, _, err := h.lookStatus(v, !v.proving())
	if err != nil {
		h.Unavailable(v.w, v.r, err)
		return
	}
	sendJSON(v.w, code, typeJSON, s)
}

func (h *Handlers) lookStatus(v *visit, passed bool) (s status, challengeID string, err error) {
	next := h.cfg.Base + "/challenge" // which unlocks the session, and knows the page to return to
	if passed {
		return status{State: templates.ChallengeApproved.String(), Verified: true, Next: next}, "", nil
	}
	if !v.accepts(records.MethodPush) {
		return status{State: templates.ChallengeNone.String()}, "", nil
	}
	view, err := h.cfg.Rules.Look(v.ctx(), v.user, h.cfg.Sessions.Ref(v.ctx()))
	if err != nil {
		return status{}, "", err
	}
	s.State = state(view.Phase).String()
	switch view.Phase {
	case factor.PhasePending:
		s.Number, s.Webview = view.Number, h.webviewURL(v, view)
		s.ExpiresIn = seconds(view.ExpiresAt.Sub(h.cfg.Rules.Now()))
	case factor.PhaseApproved:
		s.Next = next
	case factor.PhaseNone, factor.PhaseRejected, factor.PhaseExpired, factor.PhaseReplaced, factor.PhaseConsumed:
	}
	return s, view.ID, nil
}

// events is status as a stream of server-sent events, one for each change, that
// ends with the waiting.
func (h *Handlers) events(v *visit) {
	s, id, err := h.lookStatus(v, !v.proving())
	if err != nil {
		h.Unavailable(v.w, v.r, err)
		return
	}
	changed, stop := h.cfg.Rules.Wait(id)
	defer func() { stop() }()
	v.w.Header().Set("Content-Type", "text/event-stream")
	v.w.Header().Set("X-Accel-Buffering", "no") // nginx would hold events back
	stream := &eventStream{w: v.w, c: http.NewResponseController(v.w)}
	defer stream.end()
	if !stream.send(s) {
		return
	}
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	alive := time.NewTicker(keepAlive)
	defer alive.Stop()
	missed := true // what may have changed before Wait
	for s.State == templates.ChallengePending.String() {
		if !missed {
			select {
			case <-v.ctx().Done():
				return
			case <-alive.C:
				if !stream.write(": waiting\n\n") {
					return
				}
				continue
			case <-changed:
			case <-look.C:
			}
		}
		missed = false
		last := s
		var now string
		if s, now, err = h.lookStatus(v, false); err != nil {
			return // the page connects again, and is told
		}
		if now != id { // it has got its number
			stop()
			id = now
			changed, stop = h.cfg.Rules.Wait(id)
			missed = true
		}
		if s.State == last.State && s.Number == last.Number {
			continue
		}
		if !stream.send(s) {
			return
		}
	}
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
