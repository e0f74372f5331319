package templates_test

import (
	"testing"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/templates"
)

func TestSecurity(t *testing.T) {
	const (
		enable  = `<form method="post" action="/2fa/enable">`
		disable = `<form method="post" action="/2fa/disable">`
		field   = `<input id="code" name="code"`
		replace = enable
	)
	at := time.Date(2026, 3, 4, 17, 15, 0, 0, time.FixedZone("", 7*60*60))
	const shown = `<time datetime="2026-03-04T10:15:00Z">4 March 2026, 10:15 UTC</time>`
	tests := []struct {
		name     string
		security templates.Security
		has, not []string
	}{
		{
			"off", templates.Security{},
			[]string{`data-state="off"`, `<strong id="state">Off</strong>`, enable, `href="/account"`, "Back to Acme"},
			[]string{disable, `id="late"`, "<time"},
		},
		{
			"pending", templates.Security{State: templates.FactorPending},
			[]string{`data-state="pending"`, `href="/2fa/enable"`, enable}, []string{disable},
		},
		{
			"on", templates.Security{State: templates.FactorOn, Since: at, NeedsCode: true},
			[]string{`data-state="on"`, shown, replace, disable, field}, []string{`id="late"`},
		},
		{
			"on, verified just now", templates.Security{State: templates.FactorOn},
			[]string{replace, disable}, []string{field},
		},
		{
			"on, for codes only", templates.Security{State: templates.FactorOn, Push: templates.PushCodesOnly},
			[]string{"you confirm each sign-in with a code", `id="codes-only"`}, []string{"you approve each sign-in"},
		},
		{
			"wrong code",
			templates.Security{State: templates.FactorOn, NeedsCode: true, Code: templates.CodeForm{Error: templates.CodeWrong}},
			[]string{"<title>Error: ", field, " autofocus>"}, nil,
		},
		{
			"wrong code to switch off",
			templates.Security{State: templates.FactorOn, NeedsCode: true, Disabling: true, Code: templates.CodeForm{Error: templates.CodeWrong}},
			[]string{
				field + ` type="text" inputmode="numeric" autocapitalize="off" autocomplete="one-time-code" spellcheck="false" dir="ltr" required aria-describedby="code-hint">`,
				`<details class="act off" open>`, `<p id="disable-code-error" class="error" role="alert">`,
			},
			[]string{`<details class="act" open>`, `id="code-error"`},
		},
		{
			"proofs", templates.Security{State: templates.FactorOn, Proofs: []templates.Proof{{Method: eagate.Push, At: at}, {Method: eagate.Recovery, At: at}, {Method: eagate.TOTP, At: at}}},
			[]string{
				`<li><span>Tap on the phone</span> ` + shown, `<li><span>Recovery code</span> ` + shown, `<li><span>Code from the app</span> ` + shown,
				`<a href="/password">Change your password</a>`,
			}, nil,
		},
		{"no proofs", templates.Security{State: templates.FactorOn}, nil, []string{"Latest confirmations", "/password"}},
		{
			"codes blocked",
			templates.Security{State: templates.FactorOn, NeedsCode: true, Code: templates.CodeForm{Error: templates.CodeBlocked}},
			[]string{"Ask Acme for help."}, []string{field, disable},
		},
		{
			"codes blocked, and recovery codes left",
			templates.Security{State: templates.FactorOn, NeedsCode: true, RecoveryLeft: 1, Code: templates.CodeForm{Error: templates.CodeBlocked}},
			[]string{"no more of the app’s are accepted. Type a recovery code", field, disable}, nil,
		},
		{
			"recovery codes blocked",
			templates.Security{State: templates.FactorOn, NeedsCode: true, RecoveryLeft: 1, Code: templates.CodeForm{Error: templates.CodeBlocked, ByRecovery: true}},
			[]string{"Too many wrong recovery codes", field, disable}, nil,
		},
		{
			"a recovery code to be mended",
			templates.Security{State: templates.FactorOn, NeedsCode: true, RecoveryLeft: 1,
				Code: templates.CodeForm{Error: templates.CodeMalformed, ByRecovery: true, Typed: `ABCD-"><b>`}},
			[]string{"A recovery code has 16 letters and digits.", `value="ABCD-&#34;&gt;&lt;b&gt;"`, "or a recovery code</label>"}, []string{"inputmode", "<b>"},
		},
		{
			"no recovery codes", templates.Security{State: templates.FactorOn, NeedsCode: true},
			[]string{`inputmode="numeric"`, "Code from your eAuthenticator app</label>"}, []string{"or a recovery code"},
		},
		{
			"required", templates.Security{Required: true, Due: at},
			[]string{`id="required"`, "Acme requires sign-in approval for your account.", shown, enable}, nil,
		},
		{
			"required and due", templates.Security{State: templates.FactorPending, Required: true},
			[]string{`id="required"`, enable}, []string{"<time"},
		},
		{
			"required and on", templates.Security{State: templates.FactorOn, Required: true, NeedsCode: true},
			[]string{"so it can’t be switched off", replace, field}, []string{"/2fa/disable", "danger"},
		},
		{"service not told", templates.Security{LateSince: at}, []string{`id="late"`, "Your phone app hasn’t been told yet", shown}, nil},
	}
	p := newPages(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.security.Page = plainPage(templates.English)
			tt.security.PasswordPath = "/password"
			checkText(t, render(t, p, tt.security), tt.has, tt.not)
		})
	}
}
