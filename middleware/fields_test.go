package middleware_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/middleware"
)

// The fields are the request's own, can't change the page, and can't take the place of
// the gate's own.
func TestWithFormFields(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Setup{Options: []middleware.Option{middleware.WithFormFields(func(r *http.Request) []middleware.FormField {
		return []middleware.FormField{
			{Name: "token", Value: `of "` + r.Header.Get("X-Token") + `"`}, {Name: "Code", Value: "000000"}, {Name: "trust", Value: "1"}, {Name: "all", Value: "1"},
		}
	})}})
	phone := app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	page := b.Do("GET", "/2fa/challenge", "", "Accept", "text/html", "X-Token", "<b>")
	forms, fields := strings.Count(page.Body, "<form "), strings.Count(page.Body, `<input type="hidden" name="token" value="of &#34;&lt;b&gt;&#34;">`)
	if forms < 2 || fields != forms {
		t.Errorf("got %d fields in %d forms, want one in each", fields, forms)
	}
	for _, own := range []string{`name="Code"`, `type="hidden" name="trust"`, `name="all"`} {
		expect.Lacks(t, page.Body, own)
	}
	expect.Equal(t, strings.Count(app.Log.String(), "a field is left out"), 1, "the log says so")
	b.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone), "token", "of <b>").Want(t, http.StatusSeeOther, "the form")
	b.WantIn("after the form")
}
