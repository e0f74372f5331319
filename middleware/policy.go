package middleware

import (
	"context"
	"net/http"
	"time"

	"github.com/eagate/eagate"
)

// WithRequired names the function that tells who must have a second factor. Unless
// set, nobody must.
//
//	middleware.WithRequired(func(u eagate.User) eagate.Requirement {
//		if isStaff(u.ID) {
//			return eagate.Require(14 * 24 * time.Hour)
//		}
//		return eagate.Optional()
//	})
//
// A user who is stopped is led from a page navigation to the enrolment, and back
// after it; anything else is refused with [eagate.ProblemEnrolmentRequired], and
// the address as enrol_url. Exempt routes and the gate's own pages stay open. A user
// who has a second factor is asked for it whatever the function says, and can't
// switch it off while it is required.
//
// [eagate.EventStopped] and [eagate.EventWouldStop] tell of it, of each user about once an hour
// on each node.
//
// The function is called on guarded requests of users who have no second factor,
// and by the page on which it is switched on and off: while the request waits, from
// any number of requests at once. It should look only at what is at hand; where it
// can't tell, it should return Require(0).
func WithRequired(f func(User) eagate.Requirement) Option {
	return func(c *config) {
		c.required = f
		c.given("WithRequired", f != nil, "no function, and nobody would have to have a second factor")
	}
}

// EnrolmentDue returns until when the user of the request may go without a second
// factor, for a banner that leads to "/2fa/enable" below the base path. ok is false
// if the user need not have one or has one, if nobody is logged in, or if that or the
// store's answer can't be had. It calls the functions of [WithUser] and [WithRequired], and asks the
// store only where the guard hasn't just done so.
func (g *Gate) EnrolmentDue(r *http.Request) (due time.Time, ok bool) {
	user, err := g.user(r)
	if err != nil || user.ID == "" {
		return time.Time{}, false
	}
	duty, err := g.rules.Duty(r.Context(), user)
	return duty.Due, err == nil && !duty.Due.IsZero()
}

// WithFalseResult says what a result of false means: [eagate.NotApproved] unless set.
// Choose [eagate.Rejection] only if your service reports false for nothing but rejections:
// otherwise a time-out ends the sign-ins of users who did nothing wrong.
func WithFalseResult(f eagate.FalseResult) Option { return func(c *config) { c.falses = f } }

// WithHoldOnRejection closes an account when its user rejects a request on the
// phone: "it wasn't me". It needs [WithFalseResult] with [eagate.Rejection]. Somebody knows
// the password then, so that no sign-in can be proved, by whatever means, until
// [Gate.PasswordChanged] is called, or [Admin.Unlock] or [Admin.Reset]. Sessions that
// are verified already go on, but can't change the second factor or the trusted devices.
// What waits at that moment changes nothing, and an enrolment that isn't confirmed has
// to be begun again, after the account was opened too.
//
// Without it, a rejection ends the sign-in that it is about, and is told as
// [eagate.EventRejected].
func WithHoldOnRejection() Option { return func(c *config) { c.hold = true } }

// PasswordChanged ends what somebody who knew the former password may have begun:
// call it whenever a user's password has been changed, right after that was stored,
// also for users without a second factor. It opens an account that
// [WithHoldOnRejection] has closed, and
//
//   - voids the request that the user's phone is being asked, approved or not;
//   - voids an enrolment that isn't confirmed yet, in whatever browser;
//   - has every request of the user that began before and still waits change nothing;
//   - has no device be trusted any more.
//
// Sessions that were verified by the user's own doing go on; [Admin.Revoke] ends
// those too. The application itself ends the sessions of its own login.
//
// The error is the store's: call it again then. It is safe for concurrent use, on any
// number of nodes.
func (g *Gate) PasswordChanged(ctx context.Context, userID string) error {
	return g.rules.PasswordChanged(ctx, userID)
}

// maxDevices is the longest that a browser can be trusted.
const maxDevices = 90 * 24 * time.Hour

// WithTrustedDevices lets users have a browser not ask them again for that long,
// at most 90 days: "don't ask again on this device". Sessions that it let in are asked
// again when that time is up. Unless set, nobody is offered it. Such a sign-in counts
// as what it is, [eagate.TrustedDevice], with the time of the proof by which the browser was
// trusted; a route that wants a recent one, and a change of the second factor, ask all
// the same.
//
// The browser holds a random secret in a cookie of its own, and the account what
// it is called, when it was used last, and until when it is trusted; the user sees
// that below the base path, at "/devices", and ends it there, at once for the
// sessions that it let in. All devices are forgotten whenever the second factor
// changes.
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
