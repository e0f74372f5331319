package middleware

import (
	"context"
	"net/http"
	"time"

	"github.com/eagate/eagate"
)

// WithRequired sets the function that decides which users must have a second factor.
// Without it, no user must.
//
//	middleware.WithRequired(func(u eagate.User) eagate.Requirement {
//		if isStaff(u.ID) {
//			return eagate.Require(14 * 24 * time.Hour)
//		}
//		return eagate.Optional()
//	})
//
// A user who must have a second factor and has none is redirected from a page navigation
// to the enrolment, and back after it; other requests are refused with
// [eagate.ProblemEnrolmentRequired] and the address as enrol_url. Exempt routes and the
// gate's own pages stay open. A user who has a second factor must always prove it, and
// can't switch it off while it is required.
//
// [eagate.EventStopped] and [eagate.EventWouldStop] report this about once an hour for
// each user and node.
//
// The function is called, while the request waits, on guarded requests of users without a
// second factor, by the pages on which it is switched on and off, when a user without one
// cancels, and by [Gate.EnrolmentDue]. It must be safe for concurrent use, and should be fast; if it can't decide, it should return Require(0).
func WithRequired(f func(User) eagate.Requirement) Option {
	return func(c *config) {
		c.required = f
		c.given("WithRequired", f != nil, "no function, and nobody would have to have a second factor")
	}
}

// EnrolmentDue returns when the grace of the request's user ends, for a banner that links
// to "/2fa/enable" below the base path. ok is false if the user has a second factor or
// need not have one, if nobody is logged in, or if the application's function or the
// store returns an error. It calls the functions of [WithUser] and [WithRequired], and
// reads the store only if the guard hasn't just done so.
func (g *Gate) EnrolmentDue(r *http.Request) (due time.Time, ok bool) {
	user, err := g.user(r)
	if err != nil || user.ID == "" {
		return time.Time{}, false
	}
	duty, err := g.rules.Duty(r.Context(), user)
	return duty.Due, err == nil && !duty.Due.IsZero()
}

// WithFalseResult sets what a reported result of false means. The default is
// [eagate.NotApproved]. Use [eagate.Rejection] only if your service reports false for
// rejections only; otherwise a timeout ends the sign-ins of users who did nothing wrong.
func WithFalseResult(f eagate.FalseResult) Option { return func(c *config) { c.falses = f } }

// WithHoldOnRejection closes an account when its user rejects a request on the phone ("it
// wasn't me"), because somebody else then knows the password. It needs [WithFalseResult]
// with [eagate.Rejection]; [New] reports if that is missing. In a closed account no
// sign-in can be proved, by any method, until a call of [Gate.PasswordChanged],
// [Admin.Unlock] or [Admin.Reset]. Verified sessions stay verified, but can't change the
// second factor or the trusted devices. Requests that are in progress when the account is
// closed change nothing, and an unconfirmed enrolment must be started again even after the
// account was opened.
//
// Without it, a rejection ends only its own sign-in, and [eagate.EventRejected] reports
// it.
func WithHoldOnRejection() Option { return func(c *config) { c.hold = true } }

// PasswordChanged voids what somebody with the previous password may have started. Call
// it whenever a user's password was changed, right after it was stored, also for users
// without a second factor. It opens an account that [WithHoldOnRejection] has closed, and
//
//   - voids the pending request on the user's phone, approved or not;
//   - voids an unconfirmed enrolment, in any browser;
//   - makes every request of the user that is in progress change nothing;
//   - revokes all trusted devices.
//
// Sessions that the user verified stay verified; [Admin.Revoke] revokes those too. Ending
// the sessions of the login itself is the application's.
//
// An error is the store's: call it again then. It is safe for concurrent use, on any
// number of nodes.
func (g *Gate) PasswordChanged(ctx context.Context, userID string) error {
	return g.rules.PasswordChanged(ctx, userID)
}

// maxDevices is the longest that a browser can be trusted.
const maxDevices = 90 * 24 * time.Hour

// WithTrustedDevices lets users trust a browser for that long: "don't ask again on this
// device". Without it, this isn't offered. [New] reports 0 and less, and more than 90
// days. A session in a trusted
// browser is verified by [eagate.TrustedDevice], at the time of the proof by which the
// browser became trusted, and until the trust expires. That time is what a route that
// requires a recent proof looks at. Changes of the second factor still require another
// proof.
//
// The browser has a random secret in a cookie of its own. The account records the
// device's name, its last use and its expiry, which the user sees at "/devices" below the
// base path. There the user can revoke it, and with it the sessions that it verified.
// Every change of the second factor revokes all devices. A user has at most 20: of more,
// the one that was used least recently is forgotten.
func WithTrustedDevices(d time.Duration) Option {
	return func(c *config) { c.devices, c.devicesSet = d, true }
}

func (c *config) checkPolicy() (f faults) {
	if c.falses > eagate.Rejection {
		f.add("WithFalseResult", c.falses, "%d is neither NotApproved nor Rejection", uint8(c.falses))
	} else if c.hold && c.falses != eagate.Rejection {
		f.add("WithHoldOnRejection", nil, "needs WithFalseResult(Rejection): otherwise nothing is a rejection")
	}
	if c.devicesSet && (c.devices <= 0 || c.devices > maxDevices) {
		f.add("WithTrustedDevices", c.devices, "%v isn't more than 0 and at most 90 days", c.devices)
	}
	return f
}
