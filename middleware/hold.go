package middleware

import "context"

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
