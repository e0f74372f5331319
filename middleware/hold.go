package middleware

import "context"

// WithHoldOnRejection closes an account when its user rejects a request on the
// phone: "it wasn't me". Somebody knows the password then, so that no sign-in can
// be proved, by whatever means, until [Gate.PasswordChanged] is called, or
// [Admin.Unlock] or [Admin.Reset]. Sessions that are verified already go on, but can't
// change the second factor either, nor have a device trusted.
//
// Without it, a rejection ends the sign-in that it is about, keeps the phone in
// peace for 15 minutes, and is told as [EventRejected].
func WithHoldOnRejection() Option { return func(c *config) { c.hold = true } }

// PasswordChanged opens an account that [WithHoldOnRejection] has closed, and has no
// device be trusted any more: call it whenever a user's password has been changed.
// Sessions that were verified by the user's own doing go on; [Admin.Revoke] ends
// those too. The error is the store's.
func (g *Gate) PasswordChanged(ctx context.Context, userID string) error {
	return g.rules.Release(ctx, userID)
}
