package emulator_test

import (
	"strings"
	"testing"

	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/expect"
)

func TestParseAccount(t *testing.T) {
	got, err := emulator.ParseAccount(uri)
	want := emulator.Account{Issuer: "Acme", Email: alice, Secret: totpKey, Algorithm: "SHA1", Digits: 6, Period: 30, ClientID: clientID}
	if err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	hostile := strings.NewReplacer(":alice%40example.com", ":a%3A%26%3F%2B%23%22%3C%25%C3%BC%40x", "=alice%40example.com", "=a%3A%26%3F%2B%23%22%3C%25%C3%BC%40x", "Acme", "A%3Ab%26secret%3DX%20Y").Replace(uri)
	got, err = emulator.ParseAccount(hostile)
	if err != nil || got.Email != `a:&?+#"<%ü@x` || got.Issuer != "A:b&secret=X Y" || got.Secret != totpKey {
		t.Errorf("got %+v, %v", got, err)
	}
}

// The period is 30 seconds unless it is another one.
func TestParseAccountPeriod(t *testing.T) {
	for text, want := range map[string]int{"&period=30": 30, "": 30, "&period=60": 60} {
		a, err := emulator.ParseAccount(strings.ReplaceAll(uri, "&period=30", text))
		if err != nil || a.Period != want {
			t.Errorf("%q: got %d, %v, want %d", text, a.Period, err, want)
		}
	}
}

func TestParseAccountRefuses(t *testing.T) {
	tests := []struct{ name, old, new string }{
		{"other scheme", "otpauth:", "http:"},
		{"HOTP", "totp/", "hotp/"},
		{"no label", "Acme:alice%40example.com?", "?"},
		{"no issuer in the label", "Acme:", ""},
		{"escaped colon", "Acme:", "Acme%3A"},
		{"two colons", "Acme:", "Acme:x:"},
		{"label disagrees on the issuer", "Acme:", "Other:"},
		{"label disagrees on the user", ":alice", ":bob"},
		{"no secret", "secret=" + totpKey + "&", ""},
		{"empty secret", totpKey, ""},
		{"short secret", totpKey, "JBSWY3DP"},
		{"padded secret", totpKey, totpKey + "%3D%3D%3D%3D"},
		{"no issuer", "&issuer=Acme", ""},
		{"no algorithm", "&algorithm=SHA1", ""},
		{"other algorithm", "SHA1", "MD5"},
		{"no digits", "&digits=6", ""},
		{"digits no number", "digits=6", "digits=x"},
		{"empty period", "period=30", "period="},
		{"zero period", "period=30", "period=0"},
		{"period twice", "period=30", "period=30&period=30"},
		{"no client ID", "&client_id=" + clientID, ""},
		{"empty client ID", clientID, ""},
		{"no e-mail", "&email=alice%40example.com", ""},
		{"secret twice", "&issuer", "&secret=" + totpKey + "&issuer"},
		{"e-mail twice", "&issuer", "&email=alice%40example.com&issuer"},
		{"unknown parameter", "&issuer", "&x=y&issuer"},
		{"empty parameter", "&issuer", "&&issuer"},
		{"escaped name", "&issuer", "&%69ssuer"},
		{"plus", "Acme", "Ac+me"},
		{"space", "Acme", "Ac me"},
		{"not ASCII", "Acme", "Äcme"},
		{"fragment", "&issuer", "#&issuer"},
		{"bad escape", "%40", "%4x"},
		{"nothing", uri, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bad := strings.ReplaceAll(uri, tt.old, tt.new)
			_, err := emulator.ParseAccount(bad)
			if err == nil {
				t.Fatalf("%s: got no error", bad)
			}
			expect.Lacks(t, err.Error(), totpKey, "the secret comes out: %v", err)
		})
	}
}

func FuzzParseAccount(f *testing.F) {
	f.Add(uri)
	f.Add("otpauth://totp/A%3A:b?secret=&issuer=")
	f.Add("otpauth://totp/Acme:a%40example.com?secret=2222222222222222&issuer=Acme&algorithm=SHA1&digits=7") // for codes only
	f.Fuzz(func(t *testing.T, uri string) {
		a, err := emulator.ParseAccount(uri)
		if err != nil {
			return
		}
		push := strings.Contains(uri, "&client_id=") || strings.Contains(uri, "?client_id=")
		if a.Email == "" || a.Issuer == "" || push != (a.ClientID != "") || strings.Count(uri, "secret=") < 1 {
			t.Errorf("got %+v of %q", a, uri)
		}
	})
}
