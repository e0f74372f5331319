package middleware_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/templates"
)

// Each fault names the option that the program would look for, says its value, and
// nothing of the packages below.
func TestConfigErrors(t *testing.T) {
	t.Parallel()
	_, err := middleware.New(append(complete(),
		middleware.WithTokenLifetime(time.Hour), middleware.WithTOTP("MD5", 7, time.Minute), middleware.WithUser(nil),
		middleware.WithExempt("/", "GET /ok", "GET"), links(templates.Links{Help: "ftp://x"}),
		middleware.WithService(client.New("", "")), middleware.WithPages(templates.WithLanguages("xx")),
		middleware.WithKey([]byte("too short, and still a secret")),
	)...)
	var got []middleware.ConfigError
	for fault := range middleware.ConfigErrors(fmt.Errorf("start: %w", err)) {
		got = append(got, *fault)
	}
	totp := []any{"MD5", 7, time.Minute}
	for _, want := range []middleware.ConfigError{
		{"WithTokenLifetime", time.Hour, "1h0m0s isn't 5 to 10 minutes"},
		{"WithTOTP", totp, `unknown TOTP algorithm "MD5", want SHA1, SHA256 or SHA512`},
		{"WithTOTP", totp, "TOTP codes of 7 digits, want 6 or 8"},
		{"WithUser", nil, "no function that says who is logged in"},
		{"WithPages", nil, `WithLinks: Help: "ftp://x" is no path, such as /help, and no https or mailto URL`},
		{"WithService", nil, "the client ID is empty"},
		{"WithService", nil, "the API key is empty"},
		{"WithPages", nil, `WithLanguages: no texts for language "xx": add them by WithTranslations`},
		{"WithKey", nil, "key 1 has 29 bytes, want 32"},
	} {
		if !slices.ContainsFunc(got, func(e middleware.ConfigError) bool { return reflect.DeepEqual(e, want) }) {
			t.Errorf("got %#v, want %#v among them", got, want)
		}
	}
	if !slices.ContainsFunc(got, func(e middleware.ConfigError) bool { return e.Option == "WithExempt" && e.Value == "GET" }) {
		t.Errorf("got %v, want a fault of the exemption GET", got)
	}
	expect.Equal(t, strings.Count(err.Error(), "\n")+1, len(got), "faults")
	for range middleware.ConfigErrors(errors.Join(err, err)) {
		break // goes on nowhere
	}
	for _, err := range []error{nil, errors.New("another")} {
		for fault := range middleware.ConfigErrors(err) {
			t.Errorf("%v: got %v", err, fault)
		}
	}
}

// No fault has a prefix of the packages below, nor a key.
func TestConfigErrorsReadWell(t *testing.T) {
	t.Parallel()
	for _, test := range wrongOptions {
		_, err := middleware.New(append(complete(), test.wrong)...)
		for fault := range middleware.ConfigErrors(err) {
			before, _, found := strings.Cut(fault.Reason, ": ")
			if found && slices.Contains([]string{"factor", "totp", "keyring", "client", "templates", "records", "hashing", "middleware"}, before) {
				t.Errorf("%s/%s: got %v, want no package's name", test.option, test.name, fault)
			}
			if !strings.HasPrefix(fault.Option, "With") || fault.Option == "WithKey" && fault.Value != nil {
				t.Errorf("%s/%s: got %#v", test.option, test.name, fault)
			}
		}
	}
}

// withoutPage is an eAuthenticator service of a test's own, without a page.
type withoutPage struct{ middleware.Service }

func (withoutPage) ClientID() string      { return "test" }
func (withoutPage) SecretOnDisable() bool { return false }

// A service of the application's own will do, with no more than it must have.
func TestOwnService(t *testing.T) {
	t.Parallel()
	world := apptest.NewWorld(t)
	service := struct{ middleware.Service }{world.Emulator.Client()} // hides all that is more
	app := world.Node(t, apptest.Setup{Options: []middleware.Option{middleware.WithService(service)}})
	phone := app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	apptest.Approve(t, phone)
	b.WantIn("by the phone")
}
