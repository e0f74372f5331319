package templates_test

import (
	"testing"
	"time"

	"github.com/eagate/eagate/templates"
)

func TestMessage(t *testing.T) {
	tests := []struct {
		name    string
		message templates.Message
		has     []string
	}{
		{"unavailable", templates.Message{}, []string{`data-message="unavailable"`, `href="/2fa/challenge"`, "Try again"}},
		{
			"unavailable for a while", templates.Message{RetryIn: 5 * time.Second, Next: "/2fa/enable"},
			[]string{"Please wait 5 seconds", `href="/2fa/enable"`},
		},
		{
			"sign in", templates.Message{Kind: templates.MessageSignIn, Next: "/login"},
			[]string{`data-message="sign-in"`, "<h1>Sign in first</h1>", `href="/login"`},
		},
		{
			"sign in, somewhere", templates.Message{Kind: templates.MessageSignIn},
			[]string{`href="/account"`},
		},
		{"cross-site", templates.Message{Kind: templates.MessageCrossSite}, []string{`data-message="cross-site"`, `href="/2fa/"`}},
		{"not found", templates.Message{Kind: templates.MessageNotFound}, []string{`data-message="not-found"`, `href="/2fa/"`}},
		{"method", templates.Message{Kind: templates.MessageMethod}, []string{`data-message="method"`, `href="/2fa/"`}},
		{"bad request", templates.Message{Kind: templates.MessageBadRequest}, []string{`data-message="bad-request"`, `href="/2fa/"`}},
		{
			"enrolment expired", templates.Message{Kind: templates.MessageEnrolmentExpired},
			[]string{`data-message="enrolment-expired"`, `href="/2fa/"`},
		},
		{"enabled", templates.Message{Kind: templates.MessageEnabled}, []string{`data-message="enabled"`, `href="/account"`}},
		{"disabled", templates.Message{Kind: templates.MessageDisabled}, []string{`data-message="disabled"`, `href="/account"`}},
		{"required", templates.Message{Kind: templates.MessageRequired}, []string{`data-message="required"`, `href="/2fa/"`}},
		{
			"enrol first", templates.Message{Kind: templates.MessageEnrolFirst},
			[]string{`data-message="enrol-first"`, `href="/2fa/"`, "Switch on sign-in approval first"},
		},
		{"overtaken", templates.Message{Kind: templates.MessageOvertaken}, []string{`data-message="overtaken"`, `href="/2fa/"`, "Nothing was changed"}},
		{"unknown", templates.Message{Kind: 200}, []string{`data-message="unavailable"`}},
	}
	p := newPages(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.message.Page = plainPage(templates.English)
			checkText(t, render(t, p, tt.message), tt.has, nil)
		})
	}
}

func TestMessageWithoutAHomeLeadsToTheRoot(t *testing.T) {
	page := render(t, newPages(t), templates.Message{Kind: templates.MessageEnabled})
	checkText(t, page, []string{`href="/"`}, nil)
}
