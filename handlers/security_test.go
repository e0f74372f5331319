package handlers_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
)

// The security page has a field for each change, and the error stands at the one that
// was sent.
func TestSecurityErrors(t *testing.T) {
	t.Parallel()
	for path, at := range map[string]string{"/2fa/enable": `id="code-error"`, "/2fa/disable": `id="disable-code-error"`} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			app := apptest.New(t, apptest.Setup{})
			phone := app.Enrolled(t, alice)
			b := app.Stopped(t, alice)
			b.Post(totp, "code", apptest.Code(t, phone))
			app.Clock.Add(time.Hour)
			a := b.Post(path, "code", app.WrongCode(t, phone))
			if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, at) || strings.Count(a.Body, `-error" class="error"`) != 1 {
				t.Errorf("got %d and %q, want 422 and %s alone", a.Status, a.Body, at)
			}
		})
	}
}

// Programs and people see the last proofs.
func TestSecurityProofs(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Setup{})
	phone := app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	apptest.Approve(t, phone)
	b.Get("/2fa/challenge")
	proofs, _ := b.GetJSON("/2fa/").JSON("last_proofs").([]any)
	var methods []string
	for _, p := range proofs {
		p, _ := p.(map[string]any)
		expect.Try(time.Parse(time.RFC3339, fmt.Sprint(p["at"]))).OrFail(t)
		methods = append(methods, fmt.Sprint(p["method"]))
	}
	expect.Equal(t, strings.Join(methods, " "), "push totp")
	page := b.Get("/2fa/").Body
	for _, want := range []string{"<span>Tap on the phone</span>", "<span>Code from the app</span>"} {
		expect.Equal(t, strings.Count(page, want), 1, "no %s on the page", want)
	}
}
