package handlers

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/session"
	"github.com/eagate/eagate/templates"
)

// A Webview makes addresses of the service's own page; *client.Client is one.
type Webview interface {
	RedirectURL(token, returnURL string) (string, error)
	PopupURL(token, origin, state string) (string, error)
	WebviewOrigin() string
}

// host leads a challenge page to the service's own page, if that is where the
// number is. The page is a stop on the way, rather than a redirect: whoever has no
// phone at hand, or meets a fault there, finds the code here, also by "Back".
func (h *Handlers) host(v *visit, view factor.View, page *templates.Challenge) {
	if view.Phase != factor.PhasePending || view.Mode == eagate.NumberMatch {
		return
	}
	to := h.webviewURL(v, view)
	if to == "" && view.ID != "" {
		// A concurrent request has overwritten the token. Only a new challenge helps.
		page.State = templates.ChallengeNone
		return
	}
	page.Hosted = &templates.Hosted{URL: to}
	if view.HasToken {
		page.Return = returned(h.cfg.Sessions.Pending(v.ctx()).Back)
	}
	if to == "" || h.cfg.Mode != eagate.Popup {
		return
	}
	state := rand.Text()
	popup, err := h.cfg.Webview.PopupURL(h.cfg.Sessions.Token(v.ctx()), h.cfg.Origin, state)
	if err != nil {
		h.noWebview(v.ctx(), err)
		return
	}
	page.Hosted.Popup = &templates.Popup{URL: popup, Origin: h.cfg.Webview.WebviewOrigin(), State: state}
	// With "same-origin", neither window would know of the other.
	if v.w.Header().Get(openerPolicy) == "same-origin" {
		v.w.Header().Set(openerPolicy, "same-origin-allow-popups")
	}
}

// webviewURL is the address of the service's page for a pending challenge, or ""
// if it has no such page or the session no longer holds its token.
func (h *Handlers) webviewURL(v *visit, view factor.View) string {
	if view.Mode == eagate.NumberMatch || h.cfg.Mode == eagate.NumberMatch || !view.HasToken {
		return ""
	}
	to, err := h.cfg.Webview.RedirectURL(h.cfg.Sessions.Token(v.ctx()), h.cfg.Origin+h.cfg.Base+"/return")
	if err != nil {
		h.noWebview(v.ctx(), err)
		return ""
	}
	return to
}

func (h *Handlers) noWebview(ctx context.Context, err error) {
	h.cfg.Log.ErrorContext(ctx, "eagate: no address of the service's page", slog.Any("error", err))
}

// back is where the browser comes back to from the service's page. What it brings
// is in its own hand: it decides nothing, and at most changes what the challenge
// page says. Its address holds the token, so that there is never a page at it.
func (h *Handlers) back(v *visit) answer {
	c, _, err := h.cfg.Sessions.Recall(v.r)
	if errors.Is(err, session.ErrNoSession) {
		return fault{err}
	}
	if err := h.noteBack(v.r, c.User); err != nil {
		h.cfg.Log.WarnContext(v.ctx(), "eagate: what the browser brought back isn't kept because of a fault", slog.Any("error", err))
	}
	return redirect(h.cfg.Base + "/challenge")
}

// noteBack keeps what the browser brought back, while the session waits for the
// phone. What is left of one that is over, or goes on under another ID, waits for
// nothing, and isn't written again.
func (h *Handlers) noteBack(r *http.Request, user eagate.User) error {
	if user.ID == "" {
		return nil // the challenge page, which is next, says why
	}
	ctx := r.Context()
	acct, err := h.cfg.Rules.Account(ctx, user.ID)
	if err != nil {
		return err
	}
	view, err := h.cfg.Rules.Look(ctx, acct, h.cfg.Sessions.Ref(r))
	if err != nil || view.Phase != factor.PhasePending || view.Mode == eagate.NumberMatch || !view.HasToken {
		return err
	}
	said, token := readBack(r.URL.RawQuery)
	h.cfg.Sessions.Keep(ctx, func(p *session.Pending) {
		if said != templates.ReturnDone || p.Holds(token) { // else it is about another challenge
			p.Back = said.String()
		}
	})
	return nil
}

// readBack returns what the service's page says by its redirect: a session token,
// or an error.
func readBack(query string) (said templates.Return, token string) {
	values, err := url.ParseQuery(query)
	tokens, faults := values["session_token"], values["error"]
	switch {
	case err != nil:
	case len(tokens) == 1 && len(faults) == 0:
		return templates.ReturnDone, tokens[0]
	case len(tokens) == 0 && len(faults) == 1:
		switch faults[0] {
		case "REJECT":
			return templates.ReturnRejected, ""
		case "TIMEOUT":
			return templates.ReturnTimeout, ""
		case "INTERNAL_SERVER_ERROR":
			return templates.ReturnFault, ""
		}
	}
	return templates.ReturnUnclear, ""
}

// returned is the Return whose name was kept.
func returned(name string) templates.Return {
	for r := templates.ReturnDone; r <= templates.ReturnUnclear; r++ {
		if r.String() == name {
			return r
		}
	}
	return templates.ReturnNone
}
