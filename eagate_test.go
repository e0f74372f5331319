package eagate_test

import (
	"encoding"
	"strings"
	"testing"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/expect"
)

type word interface {
	String() string
	encoding.TextMarshaler
}

// What is stored by name is read back, and what has no name is neither.
func TestNames(t *testing.T) {
	t.Parallel()
	for want, w := range map[string]word{
		"totp": eagate.TOTP, "push": eagate.Push, "recovery": eagate.Recovery, "device": eagate.TrustedDevice,
		"number": eagate.NumberMatch, "redirect": eagate.Redirect, "popup": eagate.Popup,
	} {
		text, err := w.MarshalText()
		if err != nil || string(text) != want || w.String() != want {
			t.Errorf("got %q, %v, and %q by String, want %q", text, err, w, want)
		}
		var m eagate.Method
		var mode eagate.Mode
		if m.UnmarshalText(text) == nil && m != w || mode.UnmarshalText(text) == nil && mode != w {
			t.Errorf("%q: got method %v, mode %v", want, m, mode)
		}
	}
	for _, w := range []word{eagate.Method(0), eagate.Method(5), eagate.Mode(3)} {
		if text, err := w.MarshalText(); err == nil || w.String() != "invalid" {
			t.Errorf("got %q and %q for a value without a name", text, w)
		}
	}
	var m eagate.Method
	for _, text := range []string{"", "invalid", "PUSH", strings.Repeat("x", 1000)} {
		if err := m.UnmarshalText([]byte(text)); err == nil || m != 0 || len(err.Error()) > 100 {
			t.Errorf("%.10q: got %v, %v", text, m, err)
		}
	}
}

// Every event has a name of its own.
func TestEventNames(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for k := eagate.EventEnabled; k <= eagate.EventWouldStop; k++ {
		if name := k.String(); name == "invalid" || seen[name] {
			t.Errorf("event %d: got %q", k, name)
		}
		seen[k.String()] = true
	}
	expect.Equal(t, eagate.EventKind(0).String()+(eagate.EventWouldStop+1).String(), "invalidinvalid")
}
