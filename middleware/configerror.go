package middleware

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
)

// A ConfigError is one fault of the configuration that [New] was given.
type ConfigError struct {
	// Option is the name of the option at fault, such as "WithTokenLifetime". An option
	// that is required and missing is at fault too.
	Option string

	// Value is what the option was given, or the part of it that is at fault; the
	// arguments of an option that has several are a []any. It is nil
	// where the option was missing or given nothing, and where it may hold a secret: of
	// [WithKey], and of what is checked elsewhere, such as the service's client.
	Value any

	// Reason says what is wrong and how to mend it, in English. It may change from
	// release to release.
	Reason string
}

// Error returns the option and the reason, as "middleware: WithIssuer: no name for the
// application".
func (e *ConfigError) Error() string { return "middleware: " + e.Option + ": " + e.Reason }

// ConfigErrors returns every fault in an error of [New], in the order of the error's
// lines. There is none in nil, nor in an error that comes from elsewhere.
//
//	for fault := range middleware.ConfigErrors(err) {
//		log.Println(fault.Option, fault.Reason)
//	}
func ConfigErrors(err error) iter.Seq[*ConfigError] {
	return func(yield func(*ConfigError) bool) { walk(err, yield) }
}

// walk reports whether to go on.
func walk(err error, yield func(*ConfigError) bool) bool {
	switch err := err.(type) {
	case *ConfigError:
		return yield(err)
	case interface{ Unwrap() error }:
		return walk(err.Unwrap(), yield)
	case interface{ Unwrap() []error }:
		for _, err := range err.Unwrap() {
			if !walk(err, yield) {
				return false
			}
		}
	}
	return true
}

// faults are what is wrong with a configuration.
type faults []error

// add adds a fault of an option and a value of it.
func (f *faults) add(option string, value any, format string, args ...any) {
	*f = append(*f, &ConfigError{option, value, fmt.Sprintf(format, args...)})
}

// check adds what a check has found wrong with a value of an option, each fault by
// itself.
func (f *faults) check(option string, value any, err error) {
	if err == nil {
		return
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range joined.Unwrap() {
			f.check(option, value, err)
		}
		return
	}
	reason := err.Error()
	for _, pkg := range [...]string{"client: ", "templates: "} {
		reason = strings.TrimPrefix(reason, pkg) // the option says more than the package
	}
	f.add(option, value, "%s", reason)
}

// given notes that an option was given something, or what it lacks. Of an option that
// comes twice, the last one counts.
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

// checkGiven returns which options were given nothing.
func (c *config) checkGiven() (f faults) {
	for _, option := range slices.Sorted(maps.Keys(c.lacking)) {
		f.add(option, nil, "%s", c.lacking[option])
	}
	return f
}
