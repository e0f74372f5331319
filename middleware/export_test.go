package middleware

import (
	"errors"
	"net/http"
)

// Exempt is the test for exemption that the patterns make.
func Exempt(patterns ...string) (func(*http.Request) bool, error) {
	e, wrong := newExemptions(patterns)
	return e.match, errors.Join(wrong...)
}
