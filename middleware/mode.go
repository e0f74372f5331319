package middleware

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/eagate/eagate"
)

// WithMode sets how users meet the challenge: [eagate.NumberMatch] unless set. A hosted
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
func WithMode(mode eagate.Mode, origin string) Option {
	return func(c *config) { c.mode, c.origin = mode, origin }
}

func (c *config) checkMode() (f faults) {
	switch c.mode {
	case eagate.NumberMatch:
		return nil
	case eagate.Redirect, eagate.Popup:
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
	if c.mode == eagate.NumberMatch || len(c.networks) > 0 {
		return
	}
	c.log.LogAttrs(context.Background(), slog.LevelWarn,
		"eagate: browsers know the session token in this mode, and nothing but the secret in its path guards the callback: use WithCallbackNetworks",
		slog.String("mode", c.mode.String()))
}
