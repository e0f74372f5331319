package totp_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/totp"
)

const uriSecret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

// checkURI fails the test unless the URI says exactly what it was made of.
func checkURI(t *testing.T, issuer, email, clientID string) {
	t.Helper()
	if len(issuer)+len(email) > 100 || len(clientID) > 100 {
		return // see TestURIOfALongAddress
	}
	p := totp.Parameters{Algorithm: "SHA256", Digits: 8, Period: time.Minute}
	uri := totp.Key{Parameters: p, Issuer: issuer, Email: email, ClientID: clientID, Secret: uriSecret}.URI()
	want := map[string]string{
		"secret": uriSecret, "issuer": issuer, "algorithm": "SHA256", "digits": "8", "period": "60",
	}
	if clientID != "" { // else the phone is for codes only
		want["client_id"], want["email"] = clientID, email
	}

	// As it is written.
	rest, ok := strings.CutPrefix(uri, "otpauth://totp/")
	if !ok {
		t.Fatalf("got %q, want otpauth://totp/", uri)
	}
	label, query, _ := strings.Cut(rest, "?")
	names := strings.Split(label, ":")
	if len(names) != 2 {
		t.Fatalf("label %q: got %d parts, want 2", label, len(names))
	}
	for i, name := range []string{issuer, email} {
		expect.Equal(t, expect.Try(url.PathUnescape(names[i])).OrFail(t), name, "label")
	}
	seen := make(map[string]string)
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if _, twice := seen[name]; twice {
			t.Errorf("parameter %q comes twice in %q", name, uri)
		}
		var err error
		if seen[name], err = url.PathUnescape(value); err != nil || seen[name] != want[name] {
			t.Errorf("%s: got %q, %v, want %q", name, seen[name], err, want[name])
		}
	}
	expect.Equal(t, len(seen), len(want), "parameters %q", seen)

	// As Go reads it.
	u := expect.Try(url.Parse(uri)).OrFail(t)
	if u.Scheme != "otpauth" || u.Host != "totp" || u.Path != "/"+issuer+":"+email || u.Fragment != "" || u.User != nil {
		t.Errorf("got %#v for %q", u, uri)
	}
	values := expect.Try(url.ParseQuery(u.RawQuery)).OrFail(t)
	for name, value := range want {
		if got := values[name]; len(got) != 1 || got[0] != value {
			t.Errorf("%s: got %q, want %q once", name, got, value)
		}
	}

	// As the phone reads it.
	account, err := emulator.ParseAccount(uri)
	if issuer == "" || email == "" || clientID == "" {
		return
	}
	expect.NoError(t, err, "the phone takes %q for", uri)
	if want := (emulator.Account{
		Issuer: issuer, Email: email, Secret: uriSecret, Algorithm: "SHA256", Digits: 8, Period: 60, ClientID: clientID,
	}); account != want {
		t.Errorf("the phone: got %+v, want %+v", account, want)
	}
}

// Only a period that isn't the usual one makes the code larger.
func TestURIOfTheUsualPeriod(t *testing.T) {
	key := totp.Key{Parameters: totp.Default, Issuer: "Acme", Email: "alice@example.com", ClientID: "client", Secret: uriSecret}
	want := "otpauth://totp/Acme:alice%40example.com?secret=" + uriSecret + "&issuer=Acme&algorithm=SHA1&digits=6&client_id=client&email=alice%40example.com"
	expect.Equal(t, key.URI(), want)
	for _, period := range []time.Duration{30 * time.Second, time.Minute} {
		key.Period = period
		account, err := emulator.ParseAccount(key.URI())
		if err != nil || account.Period != int(period/time.Second) {
			t.Errorf("the phone: got %+v, %v, want a period of %v", account, err, period)
		}
	}
}

var hostile = []string{
	"Acme", "X&secret=AAAA", "X:Y", "X?secret=AAAA", "X%26secret%3DAAAA", "X%", "100% + more", "a b\tc\n", "#fragment",
	`"<script>alert(1)</script>`, "//host/path", "../..", "a@b", "ครับ 日本 é\u0301", "\xff\xfe", "\x00", "+", "a;b=c", "~-._",
}

func TestA33_ProvisioningURI(t *testing.T) {
	for _, value := range hostile {
		checkURI(t, value, "alice@example.com", "client")
		checkURI(t, "Acme", value, "client")
		checkURI(t, "Acme", "alice@example.com", value)
		checkURI(t, value, value, value)
	}
}

func FuzzProvisioningURI(f *testing.F) {
	for _, value := range hostile {
		f.Add(value, "alice@example.com", "5f0c7a52-7a0c-4f0b-9a4e-0d3f7a1c9b11")
		f.Add("Acme", value, value)
	}
	f.Add("Acme", "alice@example.com", "")
	f.Fuzz(checkURI)
}

// The label of an address that would make the URI too long for a QR code is cut; what the
// service knows the phone by is not.
func TestURIOfALongAddress(t *testing.T) {
	for _, tt := range []struct {
		email string
		fits  bool
	}{
		{strings.Repeat("a", 64) + "@" + strings.Repeat("b", 200) + ".example", true},
		{strings.Repeat("อ", 60) + "@" + strings.Repeat("b", 60) + ".example", true},
		{strings.Repeat("อ", 100) + "@example.com", false},
	} {
		uri := totp.Key{Parameters: totp.Default, Issuer: "Acme", Email: tt.email, ClientID: "client", Secret: uriSecret}.URI()
		expect.Equal(t, len(uri) <= 1024, tt.fits, "%s: fits", tt.email)
		account, err := emulator.ParseAccount(uri)
		if err != nil || account.Email != tt.email || account.Issuer != "Acme" {
			t.Errorf("%s: the phone: got %+v, %v", tt.email, account, err)
		}
	}
	uri := totp.Key{Parameters: totp.Default, Issuer: "Acme", Email: strings.Repeat("a", 300) + "@b", Secret: uriSecret}.URI()
	expect.Try(emulator.ParseAccount(uri)).OrFail(t, "for codes only")
}
