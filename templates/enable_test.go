package templates_test

import (
	"html"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate/templates"
)

func TestEnable(t *testing.T) {
	p := newPages(t)
	key := parseKey(t, keyURI)
	tests := []struct {
		name     string
		enable   templates.Enable
		has, not []string
	}{
		{
			"first phone", templates.Enable{Key: key},
			[]string{
				`<div id="qr"><svg `, `role="img" aria-label="QR code for the eAuthenticator app.`,
				`<code id="key" translate="no" dir="ltr" aria-describedby="key-label">JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP</code>`,
				`<a id="otpauth" class="button" href="` + html.EscapeString(keyURI) + `">`,
				`<form method="post" action="/2fa/enable/confirm">`, `<input id="code" name="code"`, `href="/2fa/"`,
				"Google Play Store", "Apple App Store", "tap “+” and scan the QR code.", "After that, you get recovery codes", `id="copy" type="button" class="quiet" hidden`,
			},
			[]string{"Your present phone", " autofocus", "<time"},
		},
		{
			"until then", templates.Enable{Key: key, ExpiresAt: time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC)},
			[]string{"Finish by", `<time datetime="2027-01-02T03:04:05Z">2 January 2027, 03:04 UTC</time>`}, nil,
		},
		{"another phone", templates.Enable{Key: key, Replaces: true}, []string{"Your present phone keeps working"}, []string{"you get recovery codes"}},
		{
			"wrong code", templates.Enable{Key: key, Code: templates.CodeForm{Error: templates.CodeWrong}},
			[]string{"<title>Error: ", `aria-invalid="true"`, " autofocus>"}, nil,
		},
		{
			"codes blocked", templates.Enable{Key: key, Code: templates.CodeForm{Error: templates.CodeBlocked}},
			[]string{"Ask Acme for help."}, []string{"/enable/confirm"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.enable.Page = plainPage(templates.English)
			checkText(t, render(t, p, tt.enable), tt.has, tt.not)
		})
	}
}

func TestEnableNeedsAKey(t *testing.T) {
	err := newPages(t).Render(&strings.Builder{}, templates.Enable{Page: plainPage(templates.English)})
	if err == nil {
		t.Error("got no error")
	}
}

func TestRequired(t *testing.T) {
	const (
		start = `<form method="post" action="/2fa/enable">`
		later = `<a href="/account">Later</a>`
		leave = `<form method="post" action="/2fa/cancel"`
	)
	at := time.Date(2026, 3, 4, 10, 15, 0, 0, time.UTC)
	p := newPages(t)
	for _, tt := range []struct {
		name     string
		due      time.Time
		has, not []string
	}{
		{"now", time.Time{}, []string{`data-page="required"`, "Acme requires it", "alice@example.com", start, leave}, []string{"<time", later}},
		{"later", at, []string{start, later, `<time datetime="2026-03-04T10:15:00Z">`}, []string{leave}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			checkText(t, render(t, p, templates.Required{Page: plainPage(templates.English), Due: tt.due}), tt.has, tt.not)
		})
	}
}
