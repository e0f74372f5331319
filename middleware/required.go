package middleware

import (
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
