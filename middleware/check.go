package middleware

import (
	"reflect"
	"slices"
	"time"

	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/totp"
)

// check returns every fault but those of the key, the pages and the exemptions, which
// [New] finds when it makes them.
func (c *config) check() faults {
	var f faults
	if isNil(c.store) {
		f.add("WithStore", nil, "no store")
	}
	if c.user == nil {
		f.add("WithUser", nil, "no function that says who is logged in")
	}
	if c.patience < 100*time.Millisecond || c.patience > 30*time.Second {
		f.add("WithStoreTimeout", c.patience, "%v isn't 100ms to 30s", c.patience)
	}
	f.check("WithIssuer", c.issuer, totp.CheckIssuer(c.issuer))
	f.check("WithTokenLifetime", c.lifetime, factor.CheckTokenLifetime(c.lifetime))
	f.check("WithTOTP", []any{c.parameters.Algorithm, c.parameters.Digits, c.parameters.Period}, c.parameters.Check())
	return slices.Concat(c.checkSessions(), c.checkService(), f, c.checkGiven(), c.checkPolicy(),
		c.checkPaths(), c.checkMode(), c.checkCallback(), c.checkOrigins())
}

// isNil reports whether that is no value, or no more than a nil pointer or function of
// some type: the constructor's error was overlooked, say.
func isNil(v any) bool {
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Chan, reflect.Func, reflect.Map, reflect.Pointer, reflect.Slice:
		return r.IsNil()
	default:
		return false
	}
}
