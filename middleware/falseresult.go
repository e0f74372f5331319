package middleware

import "github.com/eagate/eagate/internal/factor"

// FalseResult is what it means that the service reports result=false. The service
// doesn't say why a request failed: it reports false after a rejection on the phone,
// and it may after a time-out or a fault of its own.
type FalseResult = factor.FalseResult

// The meanings.
const (
	// NotApproved takes the request for one that ran out: nothing ends, codes go on
	// working, another request can be sent, and [EventNotApproved] tells of it. The
	// default.
	NotApproved = factor.NotApproved

	// Rejection takes it for the user's word that it wasn't they who signed in: the
	// sign-in ends for good, the phone is left in peace for 15 minutes at least, and
	// [EventRejected] and the user's notice tell of it.
	Rejection = factor.Rejection
)

// WithFalseResult says what a result of false means: [NotApproved] unless set.
// Choose [Rejection] only if your service reports false for nothing but rejections:
// otherwise a time-out ends the sign-ins of users who did nothing wrong.
func WithFalseResult(f FalseResult) Option { return func(c *config) { c.falses = f } }

func (c *config) checkFalse() (f faults) {
	switch {
	case c.falses > Rejection:
		f.add("WithFalseResult: %d is neither NotApproved nor Rejection", uint8(c.falses))
	case c.hold && c.falses != Rejection:
		f.add("WithHoldOnRejection needs WithFalseResult(Rejection): otherwise nothing is a rejection")
	}
	return f
}
