package middleware

import "github.com/eagate/eagate"

// WithFalseResult says what a result of false means: [eagate.NotApproved] unless set.
// Choose [eagate.Rejection] only if your service reports false for nothing but rejections:
// otherwise a time-out ends the sign-ins of users who did nothing wrong.
func WithFalseResult(f eagate.FalseResult) Option { return func(c *config) { c.falses = f } }

func (c *config) checkFalse() (f faults) {
	switch {
	case c.falses > eagate.Rejection:
		f.add("WithFalseResult: %d is neither NotApproved nor Rejection", uint8(c.falses))
	case c.hold && c.falses != eagate.Rejection:
		f.add("WithHoldOnRejection needs WithFalseResult(Rejection): otherwise nothing is a rejection")
	}
	return f
}
