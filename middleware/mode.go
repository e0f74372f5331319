package middleware

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/eagate/eagate/internal/records"
)

// A Mode is how users meet the challenge; see [WithMode].
type Mode = records.Mode

// The modes. In the hosted ones, Redirect and Popup, the service's own page shows
// the number to tap.
const (
	NumberMatch = records.NumberMatch // our own page shows the number; the zero value
	Redirect    = records.Redirect    // the browser goes to the service's page, and comes back
	Popup       = records.Popup       // the service's page opens in a window of its own; Redirect where it can't
)

// WithMode sets how users meet the challenge: [NumberMatch] unless set. A hosted
// mode needs the application's own origin, as browsers see it, such as
// "https://app.example.com": it is where the service's page comes back to.
//
// In the hosted modes the browser knows the session token, and the service's
// callback isn't signed: what keeps somebody who has only the password from
// reporting a success is the secret in the callback's path. Name the service's
// networks too, by [WithCallbackNetworks]; without it, New warns.
//
// A program without pages finds the address of the service's page in the pending
// status, as webview_url, to open it in a browser.
func WithMode(mode Mode, origin string) Option {
	return func(c *config) { c.mode, c.origin = mode, origin }
}

func (c *config) checkMode() (f faults) {
	switch c.mode {
	case NumberMatch:
		return nil
	case Redirect, Popup:
	default:
		f.add("WithMode: unknown mode %d", c.mode)
		return f
	}
	f.option("WithMode", checkOrigin(c.origin))
	if c.sessions != nil && c.sessions.Cookie.SameSite == http.SameSiteStrictMode {
		f.add("WithMode: the session cookie is SameSite=Strict, which browsers don't send when they come back from the service's page: use Lax, or NumberMatch")
	}
	return f
}

// warnOfMode warns where the callback's path is all that keeps browsers from
// reporting a success.
func (c *config) warnOfMode() {
	if c.mode == NumberMatch || len(c.networks) > 0 {
		return
	}
	c.log.LogAttrs(context.Background(), slog.LevelWarn,
		"eagate: browsers know the session token in this mode, and nothing but the secret in its path guards the callback: use WithCallbackNetworks",
		slog.String("mode", c.mode.String()))
}
