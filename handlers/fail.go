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
	signedIn   bool   // whether whoever sees the page is signed in
	retryIn    time.Duration
	challenge  bool // whether proving the second factor helps
	forProgram bool // whether a problem is sent whatever the request prefers

	demand factor.Demand // what must be proved besides
	enrol  bool          // whether switching the second factor on helps
}

// A problem is the body of application/problem+json (RFC 9457).
type problem struct {
	Type         string `json:"type"`
	Title        string `json:"title"`
	Status       int    `json:"status"`
	ChallengeURL string `json:"challenge_url,omitempty"`

	MaxAge   int      `json:"max_age,omitempty"` // seconds
	Methods  []string `json:"methods,omitempty"`
	EnrolURL string   `json:"enrol_url,omitempty"`
}

func (h *Handlers) fail(w http.ResponseWriter, r *http.Request, f failure) {
	status := cmp.Or(f.status, f.problem.Status())
	if f.retryIn > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(seconds(f.retryIn)))
	}
	if f.forProgram || prefersJSON(r) {
		p := problem{Type: f.problem.URI(), Title: cmp.Or(f.title, f.problem.Title()), Status: status}
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
		sendJSON(w, status, typeProblem, p)
		return
	}
	h.show(w, r, status, func(p templates.Page) templates.View {
		return templates.Message{Page: p, Kind: f.page, Next: f.next, SignedIn: f.signedIn, RetryIn: f.retryIn}
	})
}

// Lock answers a request of a locked session: a navigation, and a page with htmx, is led
// to the challenge, which begins there; anything else is refused. Whoever has sent a form
// is told so, and comes back to the page that it is on.
func (h *Handlers) Lock(w http.ResponseWriter, r *http.Request, user eagate.User) {
	setHeaders(w.Header())
	kind := kindOf(r)
	refusal := failure{
		problem: eagate.ProblemSecondFactorRequired,
		page:    templates.MessageFormLocked, challenge: true, forProgram: kind != kindForm,
	}
	if kind == kindProgram || kind == kindAhead {
		h.fail(w, r, refusal)
		return
	}
	if h.cross.Check(r) != nil { // it must not say where to go on
		h.crossSite(w, r)
		return
	}
	mark, err := h.cfg.Sessions.Mark(r.Context(), user)
	if err == nil && !mark.Over { // what is left of a session must not be written again
		h.keepNext(r)
		h.cfg.Sessions.KeepAsked(r.Context(), user)
		if kind != kindForm {
			err = h.prepareFirst(&visit{w: w, r: r, user: user})
		}
	}
	switch {
	case err != nil:
		h.Unavailable(w, r, err)
	case kind == kindForm:
		h.fail(w, r, refusal)
	default:
		h.leadToChallenge(w, r)
	}
}

// prepareFirst gives the browser a secret, for the challenge page to begin with.
func (h *Handlers) prepareFirst(v *visit) error {
	view, err := h.cfg.Rules.Look(v.ctx(), v.user, h.ref(v))
	if err != nil || view.Limit != nil || !h.isFirst(v, view) {
		return err
	}
	if _, err := h.cfg.Sessions.Bind(v.r); err != nil {
		return err
	}
	if _, ok := h.cfg.Sessions.Prepared(v.r, ""); !ok {
		h.cfg.Sessions.KeepBrowser(v.w, v.r, h.cfg.Sessions.NewBrowser())
	}
	return nil
}

// Unavailable answers a request that can't be decided because of a fault: it
// fails closed, and logs the fault unless that was done: those of the store are
// logged where they begin and end, and any other once a minute.
func (h *Handlers) Unavailable(w http.ResponseWriter, r *http.Request, err error) {
	setHeaders(w.Header())
	level := storelimit.Level(err)
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		level = slog.LevelDebug // the browser went away
	}
	more, news := 0, true
	if level == slog.LevelError {
		fault := err.Error()
		if errors.As(err, new(*UserError)) {
			fault = "WithUser" // the application's error may be another each time
		}
		more, news = h.faults.Say(fault, h.cfg.Rules.Now())
	}
	if news {
		h.cfg.Log.Log(r.Context(), level, "eagate: request refused because of a fault",
			slog.String("method", r.Method), slog.String("route", h.route(r)), slog.Int("since_the_last", more), slog.Any("error", err))
	}
	var unsaved *session.CommitError
	if errors.As(err, &unsaved) {
		w = bottom(w)
	}
	f := failure{problem: eagate.ProblemUnavailable, page: templates.MessageUnavailable, next: h.asked(r), retryIn: retryAfter}
	switch kind := kindOf(r); {
	case h.Owns(r):
		f.next = h.ownPage(r)
	case kind == kindForm:
		f.page, f.next = templates.MessageFormUnavailable, h.pageAt(r, r.Referer(), h.cfg.HomePath)
	default:
		f.forProgram = kind != kindNavigation
	}
	h.fail(w, r, f)
}

// ownPage returns the page that a request for one of ours belongs to: a POST may have the
// address of none.
func (h *Handlers) ownPage(r *http.Request) string {
	for at := strings.TrimPrefix(r.URL.Path, h.cfg.Mount); strings.HasPrefix(at, "/"); at = path.Dir(at) {
		if at == "/" || h.router.Match(chi.NewRouteContext(), http.MethodGet, at) && !strings.HasPrefix(at, "/callback/") {
			return h.cfg.Base + at
		}
	}
	return h.cfg.Base + "/"
}

// A UserError says that the application can't tell who is logged in.
type UserError struct{ Err error }

func (e *UserError) Error() string {
	return "middleware: WithUser can't tell who is logged in (for nobody, and for a user who no longer exists, it returns the zero User and no error): " + e.Err.Error()
}

func (e *UserError) Unwrap() error { return e.Err }

// NoSession answers a request that has not gone through LoadAndSave: a mistake
// in the application's order of middleware.
func (h *Handlers) NoSession(w http.ResponseWriter, r *http.Request) {
	setHeaders(w.Header())
	h.cfg.Log.ErrorContext(r.Context(), "eagate: the request has no session: mount the session manager's LoadAndSave outside the gate")
	h.fail(w, r, failure{problem: eagate.ProblemNoSession, page: templates.MessageUnavailable, forProgram: !h.Owns(r)})
}

// failChange answers a request to change something that came to an error.
func (h *Handlers) failChange(v *visit, err error) {
	switch {
	case errors.Is(err, factor.ErrHeld):
		h.held(v)
	case errors.Is(err, factor.ErrNoAddress):
		h.noAddress(v)
	case errors.Is(err, factor.ErrOvertaken):
		h.fail(v.w, v.r, failure{problem: eagate.ProblemOvertaken, page: templates.MessageOvertaken})
	default:
		h.Unavailable(v.w, v.r, err)
	}
}

func (h *Handlers) signIn(w http.ResponseWriter, r *http.Request) {
	h.fail(w, r, failure{problem: eagate.ProblemSignInRequired, page: templates.MessageSignIn, next: h.cfg.LoginPath})
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
