package handlers

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/session"
	"github.com/eagate/eagate/internal/storelimit"
	"github.com/eagate/eagate/templates"
)

const typeProblem = "application/problem+json"

// retryAfter is what a client is told to wait when the store doesn't answer.
const retryAfter = 5 * time.Second

// A failure is an answer that isn't what was asked for.
type failure struct {
	problem    eagate.Problem
	status     int    // where it isn't the problem's own
	title      string // where it isn't the problem's own
	page       templates.MessageKind
	next       string // where the page leads, if not where its kind leads
	login      bool   // whether that is the login
	retryIn    time.Duration
	challenge  bool // whether proving the second factor helps
	forProgram bool // whether a problem is sent whatever the request prefers

	demand factor.Demand // what must be proved besides
	enrol  bool          // whether switching the second factor on helps
}

func (f failure) send(h *Handlers, v *visit) {
	status := cmp.Or(f.status, f.problem.Status())
	if f.retryIn > 0 {
		v.w.Header().Set("Retry-After", strconv.Itoa(seconds(f.retryIn)))
	}
	if f.forProgram || v.json {
		p := problemJSON{Type: f.problem.URI(), Title: cmp.Or(f.title, f.problem.Title()), Status: status}
		if f.challenge {
			p.ChallengeURL = h.cfg.Base + "/challenge"
		}
		if f.enrol {
			p.EnrolURL = h.cfg.Base + "/enable"
		}
		p.MaxAge = seconds(f.demand.MaxAge)
		for _, m := range f.demand.Methods {
			p.Methods = append(p.Methods, m.String())
		}
		sendJSON(v.w, status, typeProblem, p)
		return
	}
	if f.login {
		f.next = h.cfg.LoginPath
	}
	h.render(v, html{status, func(p templates.Page) templates.View {
		return templates.Message{Page: p, Kind: f.page, Next: f.next, SignedIn: v.Standing == factor.Verified, RetryIn: f.retryIn}
	}})
}

// A fault answers a request that can't be decided because of an error: it fails closed.
type fault struct{ err error }

// send logs the fault unless that was done: those of the store are logged where they begin
// and end, and any other once a minute.
func (f fault) send(h *Handlers, v *visit) {
	if errors.Is(f.err, session.ErrNoSession) {
		h.cfg.Log.ErrorContext(v.ctx(), "eagate: the request has no session: mount the session manager's LoadAndSave outside the gate")
		failure{problem: eagate.ProblemNoSession, page: templates.MessageUnavailable, forProgram: !v.own}.send(h, v)
		return
	}
	h.logFault(v, f.err)
	var unsaved *session.CommitError
	if errors.As(f.err, &unsaved) {
		v.w = bottom(v.w)
	}
	a := failure{problem: eagate.ProblemUnavailable, page: templates.MessageUnavailable, next: h.asked(v.r), retryIn: retryAfter}
	switch {
	case v.own:
		a.next = h.ownPage(v.r)
	case v.kind == kindForm:
		a.page, a.next = templates.MessageFormUnavailable, h.pageAt(v.r, v.r.Referer(), h.cfg.HomePath)
	default:
		a.forProgram = v.kind != kindNavigation
	}
	a.send(h, v)
}

func (h *Handlers) logFault(v *visit, err error) {
	level := storelimit.Level(err)
	if errors.Is(err, context.Canceled) && v.ctx().Err() != nil {
		level = slog.LevelDebug // the browser went away
	}
	more, news := 0, true
	if level == slog.LevelError {
		subject := err.Error()
		if errors.As(err, new(*session.UserError)) {
			subject = "WithUser" // the application's error may be another each time
		}
		more, news = h.faults.Say(subject, h.cfg.Rules.Now())
	}
	if news {
		h.cfg.Log.Log(v.ctx(), level, "eagate: request refused because of a fault",
			slog.String("method", v.r.Method), slog.String("route", h.route(v.r)), slog.Int("since_the_last", more), slog.Any("error", err))
	}
}

// ownPage returns the page that a request for one of ours belongs to: a POST may have the
// address of none. The names of files, and the callback's secret, belong to none.
func (h *Handlers) ownPage(r *http.Request) string {
	for at := strings.TrimPrefix(r.URL.Path, h.cfg.Mount); strings.HasPrefix(at, "/"); at = path.Dir(at) {
		if at == "/" || h.router.Match(chi.NewRouteContext(), http.MethodGet, at) && !strings.HasPrefix(at, "/callback/") && !strings.HasPrefix(at, "/assets/") {
			return h.cfg.Base + at
		}
	}
	return h.cfg.Base + "/"
}

// The failures of several pages.
var (
	signInFirst  = failure{problem: eagate.ProblemSignInRequired, page: templates.MessageSignIn, login: true}
	held         = failure{problem: eagate.ProblemHeld, page: templates.MessageHeld} // until the password has been changed
	overtaken    = failure{problem: eagate.ProblemOvertaken, page: templates.MessageOvertaken}
	noAddress    = failure{problem: eagate.ProblemNoAddress, page: templates.MessageNoAddress}
	otherBrowser = failure{problem: eagate.ProblemOtherBrowser, challenge: true, forProgram: true}
	prefetched   = failure{problem: eagate.ProblemPrefetch, forProgram: true}
)

// failChange answers a request to change something that came to an error.
func failChange(err error) answer {
	switch {
	case errors.Is(err, factor.ErrHeld):
		return held
	case errors.Is(err, factor.ErrNoAddress):
		return noAddress
	case errors.Is(err, factor.ErrOvertaken):
		return overtaken
	case errors.Is(err, factor.ErrSessionOver):
		return signInFirst
	}
	return fault{err}
}

// route is what of a path may be logged: the callback's holds a secret.
func (h *Handlers) route(r *http.Request) string {
	if h.Owns(r) {
		return h.cfg.Mount
	}
	return r.URL.Path
}

// bottom returns the writer below all that wrap it. scs tries to save a session
// again when the first byte is written, and if that fails too, puts an answer
// of its own in front of ours.
func bottom(w http.ResponseWriter) http.ResponseWriter {
	for {
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return w
		}
		w = u.Unwrap()
	}
}
