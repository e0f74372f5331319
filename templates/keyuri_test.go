package templates_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/templates"
)

func TestParseKeyURI(t *testing.T) {
	tests := []struct {
		name string
		uri  string
		ok   bool
	}{
		{"usual", keyURI, true},
		{"the secret alone", "otpauth://totp/Acme:a?secret=SECRET", true},
		{"encoded label", "otpauth://totp/A%3A%3F%26%25%2B%23%22%3C%3E%E2%80%AE:a%40b?secret=SECRET", true},
		{"as long as may be", uriOf(4096), true},
		{"too long", uriOf(4097), false},
		{"empty", "", false},
		{"script", "javascript:alert('SECRET')//totp/?secret=SECRET", false},
		{"web", "https://totp/Acme:a?secret=SECRET", false},
		{"capital scheme", "OTPAUTH://totp/Acme:a?secret=SECRET", true},
		{"hotp", "otpauth://hotp/Acme:a?secret=SECRET", false},
		{"opaque", "otpauth:totp/Acme:a?secret=SECRET", false},
		{"with a user", "otpauth://SECRET@totp/Acme:a?secret=SECRET", false},
		{"with a port", "otpauth://totp:1/Acme:a?secret=SECRET", false},
		{"no label", "otpauth://totp/?secret=SECRET", false},
		{"no path", "otpauth://totp?secret=SECRET", false},
		{"no secret", "otpauth://totp/Acme:a?issuer=SECRET", false},
		{"empty secret", "otpauth://totp/Acme:a?secret=&issuer=SECRET", false},
		{"two secrets", "otpauth://totp/Acme:a?secret=SECRET&secret=SECRET", false},
		{"padded secret", "otpauth://totp/Acme:a?secret=SECRET==", false},
		{"secret with markup", "otpauth://totp/Acme:a?secret=SECRET%3Cb%3E", false},
		{"space", "otpauth://totp/Acme Inc:a?secret=SECRET", false},
		{"quote", `otpauth://totp/Acme"onclick=:a?secret=SECRET`, false},
		{"unicode", "otpauth://totp/แอคมี:a?secret=SECRET", false},
		{"line break", "otpauth://totp/Acme:a?secret=SECRET\n", false},
		{"fragment", "otpauth://totp/Acme:a?secret=SECRET#x", false},
		{"bad escape in the label", "otpauth://totp/Acme%zz:a?secret=SECRET", false},
		{"bad escape in the query", "otpauth://totp/Acme:a?secret=SECRET&x=%zz", false},
		{"semicolon", "otpauth://totp/Acme:a?secret=SECRET;x=1", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			key, err := templates.ParseKeyURI(tt.uri)
			if (err == nil) != tt.ok {
				t.Fatalf("got error %v, want ok %v", err, tt.ok)
			}
			if err == nil && string(key.Link()) != tt.uri {
				t.Errorf("got link %q, want %q", key.Link(), tt.uri)
			}
			if err != nil && strings.Contains(err.Error(), "SECRET") {
				t.Errorf("the error tells the URI: %v", err)
			}
		})
	}
}

func TestKeyURIGroups(t *testing.T) {
	for uri, want := range map[string]string{
		"otpauth://totp/A:a?secret=ABC":       "ABC",
		"otpauth://totp/A:a?secret=ABCD":      "ABCD",
		"otpauth://totp/A:a?secret=ABCDEFGHI": "ABCD EFGH I",
	} {
		expect.Equal(t, parseKey(t, uri).Groups(), want)
	}
}

func TestKeyURIKeepsItsSecretOutOfLogs(t *testing.T) {
	key := parseKey(t, keyURI)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if got := fmt.Sprintf(verb, key); strings.Contains(got, "JBSW") || strings.Contains(got, "4a425357") {
			t.Errorf("%s shows %s", verb, got)
		}
		enable := templates.Enable{Key: key}
		if got := fmt.Sprintf(verb, enable); strings.Contains(got, "JBSW") || strings.Contains(got, "4a425357") {
			t.Errorf("%s shows %s", verb, got)
		}
	}
}

func FuzzParseKeyURI(f *testing.F) {
	f.Add(keyURI)
	f.Add("javascript:alert(1)")
	p := newPages(f)
	f.Fuzz(func(t *testing.T, uri string) {
		key, err := templates.ParseKeyURI(uri)
		if err != nil {
			return
		}
		page := render(t, p, templates.Enable{Page: plainPage(templates.English), Key: key})
		checkPage(t, "enable", page, templates.English)
	})
}
