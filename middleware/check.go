package middleware

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/totp"
)

// faults are what is wrong with a configuration.
type faults []error

// add adds a fault.
func (f *faults) add(format string, args ...any) {
	*f = append(*f, fmt.Errorf("middleware: "+format, args...))
}

// option adds what is wrong with an option, each fault under the option's name.
func (f *faults) option(name string, err error) {
	if err == nil {
		return
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range joined.Unwrap() {
			f.option(name, err)
		}
		return
	}
	f.add("%s: %w", name, err)
}

// given notes that an option was given something, or what doesn't count. Of an option
// that comes twice, the last one stands.
func (c *config) given(option string, ok bool, lacks string) {
	if ok {
		delete(c.lacking, option)
		return
	}
	if c.lacking == nil {
		c.lacking = make(map[string]string)
	}
	c.lacking[option] = lacks
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

// check returns every fault.
func (c *config) check() faults {
	f := c.checkSessions()
	if c.service == nil {
		f.add("no service: use WithService")
	} else {
		f.option("WithService", c.service.Check())
	}
	if isNil(c.store) {
		f.add("no store: use WithStore")
	}
	if c.user == nil {
		f.add("nothing tells who is logged in: use WithUser")
	}
	if c.keys == nil {
		f.add("no key: use WithKey")
	}
	for _, option := range slices.Sorted(maps.Keys(c.lacking)) {
		f.add("%s: %s", option, c.lacking[option])
	}
	if c.patience < 100*time.Millisecond || c.patience > 30*time.Second {
		f.add("WithStoreTimeout: %v isn't 100ms to 30s", c.patience)
	}
	f.option("WithIssuer", totp.CheckIssuer(c.issuer))
	f.option("WithTokenLifetime", factor.CheckTokenLifetime(c.lifetime))
	f.option("WithTOTP", c.parameters.Check())
	if c.devicesSet && (c.devices <= 0 || c.devices > maxDevices) {
		f.add("WithTrustedDevices: %v isn't more than 0 and at most 90 days", c.devices)
	}
	for _, network := range c.networks {
		if !network.IsValid() {
			f.add("WithCallbackNetworks: invalid network %q", network)
		}
	}
	if c.source != nil && len(c.networks) == 0 {
		f.add("WithCallbackSource has no effect without WithCallbackNetworks")
	}
	return slices.Concat(f, c.checkPaths(), c.checkExternal(), c.checkHelp(), c.checkMode(), c.checkTrusted(), c.checkFalse())
}
