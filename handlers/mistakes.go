package handlers

import (
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// warn has the log say, once a minute, what is wrong with how the application is set up,
// and what to do.
func (h *Handlers) warn(r *http.Request, what, remedy string, attrs ...slog.Attr) {
	more, ok := h.faults.Say(what, h.cfg.Rules.Now())
	if !ok {
		return
	}
	attrs = append(attrs, slog.Int("since_the_last", more), slog.String("remedy", remedy))
	h.cfg.Log.LogAttrs(r.Context(), slog.LevelWarn, "eagate: "+what, attrs...)
}

// unknownSecret tells of a report that isn't taken because the callback's path isn't the
// gate's: an old URL, or one of another key or application, is registered.
func (h *Handlers) unknownSecret(r *http.Request) {
	source := "unknown"
	if addr, err := h.cfg.CallbackSource(r); err == nil {
		source = addr.Unmap().String()
	}
	h.warn(r, "a report with an unknown secret in the callback's path isn't taken",
		"if it comes from the service, register in the Console what gate.CallbackURL returns: the secret is made of the first key of WithKey",
		slog.String("route", h.cfg.Base+"/callback/"), slog.String("source", source))
}

// Guarded tells of a request for the gate's own pages that comes to gate.Require: a
// locked session would be led from the challenge to the challenge.
func (h *Handlers) Guarded(r *http.Request) {
	h.warn(r, "a request for the gate's own pages comes to gate.Require, and isn't served",
		"mount gate.Routes at the base path outside gate.Require, or use gate.Handler", slog.String("base", h.cfg.Mount))
}

// elsewhere tells of a request that comes to the gate's pages by another path than
// theirs.
func (h *Handlers) elsewhere(r *http.Request) {
	if h.Owns(r) || !strings.Contains(r.URL.Path, h.cfg.Mount+"/") {
		return // or what is in front has cut the base path off
	}
	h.warn(r, "the gate's pages are asked for at another path than theirs", "mount them at the base path, or set WithBasePath",
		slog.String("base", h.cfg.Mount))
}

// A mounting finds out whether sessions that are led to the challenge arrive there.
type mounting struct {
	served atomic.Bool // one of the gate's pages was, on this node

	mu    sync.Mutex
	led   int       // sessions, before that
	first time.Time // when it was
}

// After so many sessions were led to the challenge, and so long, somebody should have
// arrived there.
const (
	ledMost  = 3
	ledAfter = time.Minute
)

// lead notes that a session is led to the challenge, and reports whether it seems that
// none arrives there.
func (m *mounting) lead(now time.Time) (lost bool) {
	if m.served.Load() {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.led++; m.led == 1 {
		m.first = now
	}
	return m.led >= ledMost && now.Sub(m.first) >= ledAfter
}
