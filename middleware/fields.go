package middleware

import (
	"net/http"

	"github.com/eagate/eagate/templates"
)

// A FormField is a hidden field of a form.
type FormField = templates.Field

// WithFormFields names the function that returns the application's own hidden fields,
// which all forms of the gate's pages then have: such as the token of a check against
// cross-site requests that the gate is inside of. The gate itself needs none, as it
// refuses what other sites' pages send.
//
//	middleware.WithFormFields(func(r *http.Request) []middleware.FormField {
//		return []middleware.FormField{{Name: nosurf.FormFieldName, Value: nosurf.Token(r)}}
//	})
//
// The function is called for each page, with the request as it came to the gate, from any
// number of requests at once. Names and values are escaped. A field that is named like
// one of the gate's own ("code", "recovery", "trust", "id", "all" or "to", in any letter case) is left out,
// and the log says so. A form has 4 KiB in all.
func WithFormFields(fields func(*http.Request) []FormField) Option {
	return func(c *config) { c.fields = fields; c.given("WithFormFields", fields != nil, "no function") }
}
