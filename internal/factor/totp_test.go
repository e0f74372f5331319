package factor_test

import (
	"encoding/base32"
	"strings"
	"testing"
	"time"

	pquerna "github.com/pquerna/otp/totp"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/internal/totp"
)

const digits = "1234567890"

// The window: this step, the one before and the one after (RFC 6238 §5.2).
func TestWindow(t *testing.T) {
	for _, c := range []struct {
		seconds int // of the clock after the beginning of the code's step
		want    factor.CodeResult
	}{
		{-60, factor.CodeWrong},
		{-31, factor.CodeWrong},
		{-30, factor.CodeAccepted},
		{-29, factor.CodeAccepted},
		{-1, factor.CodeAccepted},
		{0, factor.CodeAccepted},
		{29, factor.CodeAccepted},
		{30, factor.CodeAccepted},
		{31, factor.CodeAccepted},
		{59, factor.CodeAccepted},
		{60, factor.CodeWrong},
		{90, factor.CodeWrong},
	} {
		w := newWorld(t)
		r := w.node(t)
		p, _ := w.enrol(t, r, alice)
		at := start.Add(10 * time.Minute)
		w.clock.Set(at.Add(time.Duration(c.seconds) * time.Second))
		if answer, _ := verify(t, r, alice, p.at(at)); answer.Result != c.want {
			t.Errorf("code %d s after its step began: got %v, want %v", c.seconds, answer.Result, c.want)
		}
	}
}

// A26: a clock that is stepped back gives no code a second time, and what was
// accepted last stays.
func TestA26_ClockSteppedBack(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	p, _ := w.enrol(t, r, alice)
	w.clock.Add(time.Hour)
	at := w.clock.Now()
	code, before := p.code(), p.at(at.Add(-30*time.Second))
	if answer, _ := verify(t, r, alice, code); answer.Result != factor.CodeAccepted {
		t.Fatalf("code: got %v, want accepted", answer.Result)
	}
	last := w.account(t, alice).LastStep
	for _, back := range []time.Duration{0, 29 * time.Second, 30 * time.Second, 31 * time.Second, time.Minute, 59 * time.Minute} {
		w.clock.Set(at.Add(-back))
		w.change(t, alice, func(a *records.Account) { a.Failures, a.LockedUntil = 0, time.Time{} })
		for _, code := range []string{code, before, p.code()} {
			if answer, _ := verify(t, r, alice, code); answer.Result == factor.CodeAccepted {
				t.Errorf("clock back by %v: code accepted", back)
			}
			expect.Equal(t, w.account(t, alice).LastStep, last, "clock back by %v, last step", back)
		}
	}
	w.clock.Set(at.Add(30 * time.Second))
	w.change(t, alice, func(a *records.Account) { a.Failures, a.LockedUntil = 0, time.Time{} })
	if answer, _ := verify(t, r, alice, p.code()); answer.Result != factor.CodeAccepted {
		t.Errorf("next step: got %v, want accepted", answer.Result)
	}
}

// A27: what can't be right in the store is an error and never accepted.
func TestA27_StoredFactor(t *testing.T) {
	good := []byte(strings.Repeat(digits, 2))
	for _, c := range []struct {
		name   string
		secret []byte // sealed for alice unless raw is set
		raw    []byte
		change func(*records.Factor)
	}{
		{name: "nothing sealed", raw: []byte{}},
		{name: "one byte sealed", raw: []byte{1}},
		{name: "header only", raw: []byte{1, 2, 3, 4, 5}},
		{name: "plain", raw: good},
		{name: "empty secret", secret: []byte{}},
		{name: "one byte", secret: []byte("1")},
		{name: "15 bytes", secret: good[:15]},
		{name: "no algorithm", secret: good, change: func(f *records.Factor) { f.Algorithm = "" }},
		{name: "unknown algorithm", secret: good, change: func(f *records.Factor) { f.Algorithm = "MD5" }},
		{name: "algorithm in lower case", secret: good, change: func(f *records.Factor) { f.Algorithm = "sha1" }},
		{name: "no digits", secret: good, change: func(f *records.Factor) { f.Digits = 0 }},
		{name: "negative digits", secret: good, change: func(f *records.Factor) { f.Digits = -6 }},
		{name: "1 digit", secret: good, change: func(f *records.Factor) { f.Digits = 1 }},
		{name: "7 digits", secret: good, change: func(f *records.Factor) { f.Digits = 7 }},
		{name: "20 digits", secret: good, change: func(f *records.Factor) { f.Digits = 20 }},
		{name: "no period", secret: good, change: func(f *records.Factor) { f.Period = 0 }},
		{name: "negative period", secret: good, change: func(f *records.Factor) { f.Period = -30 }},
		{name: "period of a day", secret: good, change: func(f *records.Factor) { f.Period = 24 * 60 * 60 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			r := w.node(t)
			w.enrol(t, r, alice)
			sealed := c.raw
			if sealed == nil {
				sealed = w.keys.Seal(c.secret, factor.SecretPurpose, alice.ID)
			}
			w.change(t, alice, func(a *records.Account) {
				a.Factor.Secret = sealed
				if c.change != nil {
					c.change(&a.Factor)
				}
			})
			codes := []string{"", "0", "000000", "00000000", strings.Repeat("0", 20)}
			for _, secret := range []string{"", "1", digits + digits[:5], digits + digits} {
				text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte(secret))
				code := expect.Try(pquerna.GenerateCode(text, w.clock.Now())).OrFail(t)
				codes = append(codes, code)
			}
			for _, code := range codes {
				answer, grant, err := r.VerifyCode(t.Context(), alice, session("login"), typed(t, r, alice, code), far)
				if err == nil || answer.Result == factor.CodeAccepted || grant != "" {
					t.Errorf("code %q: got %v, grant %q, %v, want an error", code, answer, grant, err)
				}
				if code == "" {
					continue // which is no proof, and isn't tried
				}
				answer, err = r.Disable(t.Context(), alice, w.proof(t, alice, code))
				if err == nil || answer.Result == factor.CodeAccepted {
					t.Errorf("disable by %q: got %v, %v, want an error", code, answer, err)
				}
				answer, err = r.Stage(t.Context(), alice, session("login"), browser, w.proof(t, alice, code))
				if err == nil || answer.Result == factor.CodeAccepted {
					t.Errorf("enable by %q: got %v, %v, want an error", code, answer, err)
				}
			}
		})
	}
}

func TestParameters(t *testing.T) {
	for _, c := range []struct {
		p    totp.Parameters
		want []string
	}{
		{totp.Parameters{Algorithm: "SHA1", Digits: 6, Period: 30 * time.Second}, nil},
		{totp.Parameters{Algorithm: "SHA512", Digits: 8, Period: time.Minute}, nil},
		{totp.Parameters{Algorithm: "MD5", Digits: 7, Period: time.Second}, []string{"MD5", "7", "1s"}},
		{totp.Parameters{Algorithm: "SHA1", Digits: 6}, []string{"period 0s"}},
	} {
		w := newWorld(t)
		_, err := factor.New(factor.Config{Records: w.records, Service: w.service, Keys: w.keys, TOTP: c.p})
		if (err == nil) != (c.want == nil) {
			t.Errorf("%v: got %v, want faults %q", c.p, err, c.want)
		}
		for _, want := range c.want {
			if err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%v: got %v, want %q in it", c.p, err, want)
			}
		}
	}
}

// badCodes are what people, browsers and attackers send in place of six
// digits: %s stands for the right code.
var badCodes = map[string]string{
	"empty":        "",
	"NUL":          "%s\x00",
	"plus":         "+%s",
	"zero before":  "0%s",
	"digit behind": "%s0",
	"twice":        "%s%s",
	"fraction":     "%s.0",
	"hexadecimal":  "0x%s",
	"digit group":  "%.3s %s",
	"underscore":   "%.3s_%s",
	"comma":        "%.3s,%s",
	"apostrophe":   "%.3s'%s",
	"letter":       "O%s",
	"replacement":  "\ufffd%s",
	"not UTF-8":    "\xff%s",
	"superscript":  "%s\u00b9",
	"long":         "%s" + strings.Repeat(" ", 256),
}

// A21: nothing but digits of exactly the right length is a code, and
// every try counts.
func TestA21_BadCodes(t *testing.T) {
	for name, format := range badCodes {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			r := w.node(t)
			p, _ := w.enrol(t, r, alice)
			code := strings.ReplaceAll(format, "%s", p.code())
			code = strings.ReplaceAll(code, "%.3s", p.code()[:3])
			if answer, _ := verify(t, r, alice, code); answer.Result != factor.CodeWrong {
				t.Errorf("got %v, want wrong", answer.Result)
			}
			expect.Equal(t, w.account(t, alice).Failures, 1, "failures")
			if answer, _ := verify(t, r, alice, p.code()); answer.Result != factor.CodeAccepted {
				t.Errorf("the code itself: got %v, want accepted", answer.Result)
			}
		})
	}
}

// A21: what isn't a code isn't the code of zeros either, at the moment whose code that is.
func TestA21_BadCodesAtZero(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	w.enrol(t, r, alice)
	w.change(t, alice, func(a *records.Account) {
		a.Factor.Secret = w.keys.Seal([]byte(digits+digits), factor.SecretPurpose, alice.ID)
	})
	w.clock.Set(time.Unix(1_810_804_020, 0))
	for i, code := range []string{"", "0", "00000", "0000000", "none", "nobody"} {
		if answer, _ := verify(t, r, alice, code); answer.Result != factor.CodeWrong {
			t.Errorf("code %q: got %v, want wrong", code, answer.Result)
		}
		expect.Equal(t, w.account(t, alice).Failures, i+1, "code %q, failures", code)
		w.change(t, alice, func(a *records.Account) { a.LockedUntil = time.Time{} })
	}
	if answer, _ := verify(t, r, alice, "000000"); answer.Result != factor.CodeAccepted {
		t.Errorf("the code of zeros: got %v, want accepted", answer.Result)
	}
}
