package middleware

import "net/http"

// Exempt is the test for exemption that the patterns make.
func Exempt(patterns ...string) (func(*http.Request) bool, error) {
	e, err := newExemptions(patterns)
	return e.match, err
}
