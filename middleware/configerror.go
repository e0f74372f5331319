package middleware

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
)

// A ConfigError is one fault of the options given to [New].
type ConfigError struct {
	// Option is the name of the option at fault, such as "WithTokenLifetime". An option
	// that is required and missing is at fault too.
	Option string

	// Value is the option's value, or the part of it that is at fault; a []any for an
	// option with several arguments. It is nil if the option was missing or empty, and
	// if the value may hold a secret: for [WithKey], and for values that have their own
	// checks, such as the service's client.
	Value any

	// Reason says what is wrong and how to fix it, in English. It may change between
	// releases.
	Reason string
}

// Error returns the option and the reason, as "middleware: WithIssuer: no name for the
// application".
func (e *ConfigError) Error() string { return "middleware: " + e.Option + ": " + e.Reason }

// ConfigErrors iterates over the faults in an error of [New], in the order of the error's
// lines. Nil and other errors have none.
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

// faults are the faults of a configuration.
type faults []error

// add adds a fault of an option's value.
func (f *faults) add(option string, value any, format string, args ...any) {
	*f = append(*f, &ConfigError{option, value, fmt.Sprintf(format, args...)})
}

// check adds an error of a check of an option's value, each joined error as one fault.
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

// given records whether an option has a value, or what it lacks. The last of several
// calls of an option counts.
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

// checkGiven returns the options without a value.
func (c *config) checkGiven() (f faults) {
	for _, option := range slices.Sorted(maps.Keys(c.lacking)) {
		f.add(option, nil, "%s", c.lacking[option])
	}
	return f
}
