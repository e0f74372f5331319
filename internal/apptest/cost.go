package apptest

import (
	"time"

	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/middleware"
)

// CheapCodes makes recovery codes quick to hash, since most tests that switch a
// second factor on aren't about the ten that come with it.
func CheapCodes() middleware.Option {
	return withCost(middleware.Option(nil), factor.Cost{Memory: 8, Passes: 1, Lanes: 1})
}

// withElapsed has a gate read its monotonic clock there.
func withElapsed(elapsed func() time.Duration) middleware.Option {
	return setElapsed(middleware.Option(nil), elapsed)
}

func setElapsed[C interface{ SetElapsed(func() time.Duration) }](_ func(C), elapsed func() time.Duration) func(C) {
	return func(c C) { c.SetElapsed(elapsed) }
}

// withCost returns an option of the same type as the other: only package
// middleware can name the configuration that options change.
func withCost[C interface{ SetRecoveryCost(factor.Cost) }](_ func(C), cost factor.Cost) func(C) {
	return func(c C) { c.SetRecoveryCost(cost) }
}
