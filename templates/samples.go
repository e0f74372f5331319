package templates

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// A sample is a page in one state, which New renders an application's template for.
type sample struct {
	name string
	view View
}

// samplePage returns the fields of a page of a sample.
func samplePage(lang Language) Page {
	return Page{
		Lang: lang, Nonce: "SampleNonce", Base: "/2fa", Issuer: "Sample", Email: "alice@example.com",
		HomePath: "/", PasswordPath: "/password", HelpURL: "/help", PrivacyURL: "/privacy",
		Fields: []Field{{Name: "sample-field", Value: "sample"}},
	}
}

// sampleCatalogue returns the texts of samples.
var sampleCatalogue = sync.OnceValue(func() *catalogue {
	c := newCatalogue(English, map[Language]texts{English: builtin()[0].texts})
	c.strict = true
	return c
})

// sampleKey is what an enrolment shows.
const sampleKey = "otpauth://totp/Sample:alice%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Sample" +
	"&client_id=3f0f0a9a-6a1f-4d6e-9a55-0d4a3d4b7c11&email=alice%40example.com"

// What samples are named after, in the faults that New reports.
var (
	pushNames = [...]string{
		"PushReady", "PushUnavailable", "PushMoved", "PushCodesOnly", "PushNoAddress", "PushDeclined", "PushPaused", "PushLimited",
		"PushNoCookie", "PushRefused",
	}
	codeNames  = [...]string{"CodeOK", "CodeMalformed", "CodeWrong", "CodeUsed", "CodeBusy", "CodeLocked", "CodeBlocked"}
	stateNames = [...]string{"RecoveryPlain", "RecoveryMaking", "RecoveryUnkept", "RecoveryKept"}
)

// samples returns a page in its states.
func samples(page string) []sample {
	switch page {
	case challengePage:
		return challengeSamples()
	case securityPage:
		return securitySamples()
	case enablePage:
		return enableSamples()
	case recoveryPage:
		return recoverySamples()
	case devicesPage:
		return devicesSamples()
	case requiredPage:
		return requiredSamples()
	}
	return messageSamples()
}

// sampleTime is a time that pages show.
var sampleTime = time.Date(2026, 3, 4, 10, 15, 0, 0, time.UTC)

// sampleCodes are the forms of a code, by what became of the last one.
func sampleCodes() (list []CodeForm) {
	for e := CodeOK; e <= CodeBlocked; e++ {
		list = append(list, CodeForm{Error: e, RetryIn: time.Minute}, CodeForm{Error: e, RetryIn: time.Minute, ByRecovery: true, Typed: "0123"})
	}
	return list
}

func challengeSamples() (list []sample) {
	whole := Challenge{
		Page: samplePage(English), State: ChallengePending, Number: "70", ExpiresIn: 4 * time.Minute, Lifetime: 5 * time.Minute,
		Next: "/account", HasRecovery: true, TrustFor: 30 * 24 * time.Hour,
	}
	variants := []struct {
		name   string
		change func(*Challenge)
	}{
		{"whole", func(*Challenge) {}},
		{"plain", func(c *Challenge) { c.HasRecovery, c.TrustFor, c.HelpURL = false, 0, "" }},
		{"code chosen", func(c *Challenge) { c.PreferCode, c.Trust = true, true }},
		{"moved", func(c *Challenge) { c.Moved = true }},
		{"codes blocked", func(c *Challenge) { c.CodesBlocked = true }},
		{"all codes blocked", func(c *Challenge) { c.CodesBlocked, c.RecoveryBlocked = true, true }},
		{"step-up", func(c *Challenge) { c.StepUp, c.Resend = true, true }},
		{"step-up without code", func(c *Challenge) { c.StepUp, c.NoCode, c.HasRecovery = true, true, false }},
		{"hosted", func(c *Challenge) { c.Hosted = &Hosted{URL: "https://service.example/"} }},
		{"hosted soon", func(c *Challenge) { c.Hosted = &Hosted{} }},
		{"hosted in a popup", func(c *Challenge) {
			c.Hosted = &Hosted{URL: "https://service.example/", Popup: &Popup{"https://service.example/p", "https://service.example", "state"}}
		}},
	}
	for state := ChallengeNone; state <= ChallengeElsewhere; state++ {
		for push := PushReady; push <= PushRefused; push++ {
			if push != PushReady && state != ChallengeNone && state != ChallengeNotApproved && state != ChallengePending {
				continue
			}
			for _, v := range variants {
				if push != PushReady && strings.HasPrefix(v.name, "hosted") {
					continue
				}
				c := whole
				c.State, c.Push, c.PushRetryIn, c.Cookie = state, push, time.Minute, "cookie"
				v.change(&c)
				list = append(list, sample{fmt.Sprintf("state %s, %s, %s", state, pushNames[push], v.name), c})
			}
		}
	}
	for r := ReturnNone; r <= ReturnUnclear; r++ {
		c := whole
		c.Hosted, c.Return = &Hosted{URL: "https://service.example/"}, r
		list = append(list, sample{"return " + r.String(), c})
	}
	for _, code := range sampleCodes() {
		c := whole
		c.Code = code
		list = append(list, sample{codeNames[code.Error], c})
	}
	return list
}

func securitySamples() (list []sample) {
	for state := FactorOff; state <= FactorOn; state++ {
		whole := Security{
			Page: samplePage(English), State: state, Since: sampleTime, LateSince: sampleTime,
			NeedsCode: true, RecoveryLeft: 2, RecoveryUnkept: true, HasDevices: true, Devices: 2,
			Proofs: []Proof{{At: sampleTime}},
		}
		name := "state " + state.String()
		list = append(list, sample{name, whole}, sample{name + ", plain", Security{Page: whole.Page, State: state}})
		few := whole
		few.RecoveryUnkept = false
		list = append(list, sample{name + ", few recovery codes", few})
		required := whole
		required.Required, required.Due, required.NeedsCode = true, sampleTime, false
		list = append(list, sample{name + ", required", required})
		for push := PushReady; push <= PushRefused; push++ {
			s := whole
			s.Push = push
			list = append(list, sample{fmt.Sprintf("%s, %s", name, pushNames[push]), s})
		}
		for _, code := range sampleCodes() {
			s := whole
			s.Code, s.Disabling = code, true
			list = append(list, sample{fmt.Sprintf("%s, switching off, %s", name, codeNames[code.Error]), s})
			s.Disabling, s.RecoveryLeft, s.RecoveryUnkept = false, 0, false
			list = append(list, sample{fmt.Sprintf("%s, no recovery codes, %s", name, codeNames[code.Error]), s})
		}
	}
	return list
}

func enableSamples() (list []sample) {
	key, err := ParseKeyURI(sampleKey)
	if err != nil {
		panic(err) // a fault of the constant
	}
	long := key
	long.uri += strings.Repeat("x", 4096)
	list = append(list, sample{"no QR code", Enable{Page: samplePage(English), Key: long, ExpiresAt: sampleTime}})
	for _, code := range sampleCodes() {
		for _, codesOnly := range []bool{false, true} {
			list = append(list, sample{codeNames[code.Error], Enable{
				Page: samplePage(English), Key: key, Replaces: codesOnly, ExpiresAt: sampleTime, CodesOnly: codesOnly, Code: code,
			}})
		}
	}
	return list
}

func recoverySamples() (list []sample) {
	page := samplePage(English)
	for _, enabled := range []bool{false, true} {
		list = append(list, sample{"new codes", Recovery{
			Page: page, Codes: []string{"0123-4567-89AB-CDEF", "GHJK-MNPQ-RSTV-WXYZ"}, Set: "set", Left: 2, Enabled: enabled, CodesOnly: enabled,
		}})
	}
	for state := RecoveryPlain; state <= RecoveryKept; state++ {
		for _, code := range sampleCodes() {
			r := Recovery{Page: page, Left: int(code.Error), State: state, NeedsCode: true, Attempt: "attempt", Code: code}
			list = append(list, sample{fmt.Sprintf("state %s, %s", stateNames[state], codeNames[code.Error]), r})
			r.Left = 0
			list = append(list, sample{fmt.Sprintf("state %s, no codes left, %s", stateNames[state], codeNames[code.Error]), r})
			r.NeedsCode = false
			list = append(list, sample{fmt.Sprintf("state %s, no code wanted, %s", stateNames[state], codeNames[code.Error]), r})
		}
		list = append(list, sample{fmt.Sprintf("state %s, plain", stateNames[state]), Recovery{Page: page, State: state, Attempt: "attempt"}})
	}
	return list
}

func devicesSamples() (list []sample) {
	devices := []Device{
		{ID: "a", Name: "Firefox", LastUsedAt: sampleTime, ExpiresAt: sampleTime},
		{ID: "b", This: true, LastUsedAt: sampleTime, ExpiresAt: sampleTime},
	}
	for n := range len(devices) + 1 {
		for _, can := range []bool{false, true} {
			list = append(list, sample{fmt.Sprintf("%d devices", n), Devices{
				Page: samplePage(English), List: devices[:n], Lifetime: 30 * 24 * time.Hour, CanTrust: can,
			}})
		}
	}
	return list
}

func requiredSamples() []sample {
	return []sample{
		{"now", Required{Page: samplePage(English)}},
		{"later", Required{Page: samplePage(English), Due: sampleTime}},
	}
}

func messageSamples() (list []sample) {
	for kind := MessageUnavailable; kind <= MessageFormUnavailable; kind++ {
		for _, signedIn := range []bool{false, true} {
			m := Message{Page: samplePage(English), Kind: kind, SignedIn: signedIn, RetryIn: time.Minute}
			list = append(list, sample{"message " + kind.String(), m})
			m.PasswordPath, m.HelpURL, m.Next = "", "", "/next"
			list = append(list, sample{"message " + kind.String() + ", plain", m})
		}
	}
	return list
}
