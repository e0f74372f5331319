package apptest

import (
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/middleware"
)

// CheapCodes makes recovery codes quick to hash, since most tests that switch a
// second factor on aren't about the ten that come with it.
func CheapCodes() middleware.Option {
	return withCost(middleware.Option(nil), factor.Cost{Memory: 8, Passes: 1, Lanes: 1})
}

// withCost returns an option of the same type as the other: only package
// middleware can name the configuration that options change.
func withCost[C interface{ SetRecoveryCost(factor.Cost) }](_ func(C), cost factor.Cost) func(C) {
	return func(c C) { c.SetRecoveryCost(cost) }
}
