package emulator_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/expect"
)

const (
	bob = "bob@example.com"

	// The addresses of phones.
	ofBob = "/phone?of=bob%40example.com"
	ofAll = "/phone"
)

func TestPhoneOfOneUser(t *testing.T) {
	s := start(t, emulator.Config{CallbackURL: "https://app.example/2fa/callback/secret"})
	expect.NoError(t, s.Phone(alice).AddAccount(uri))
	session(t, s, alice)
	session(t, s, bob)
	tests := []struct {
		path           string
		alices, bobs   bool
		others, add    string
		accountOfAlice bool
	}{
		{ofAll, true, true, `href="` + ofAll + `" aria-current="page"`, `href="/phone/add"`, true},
		{ofBob, false, true, `href="` + ofBob + `" aria-current="page"`, `href="/phone/add?of=bob%40example.com"`, false},
		{"/phone?of=carol%40example.com", false, false, `href="/phone?of=carol%40example.com" aria-current="page"`, "No account yet.", false},
	}
	for _, tt := range tests {
		_, page := get(t, s.URL+tt.path)
		for email, want := range map[string]bool{alice: tt.alices, bob: tt.bobs} {
			expect.Equal(t, strings.Contains(page, `data-email="`+email+`"`), want, "%s: request of %s", tt.path, email)
		}
		expect.Equal(t, strings.Contains(page, `data-account="`+alice+`"`), tt.accountOfAlice, "%s: account of alice", tt.path)
		wantText(t, page, tt.others, tt.add, `href="`+ofAll+`"`, `href="`+ofBob+`"`, `url=`+tt.path+`"`, `href="https://app.example/"`)
		expect.Lacks(t, page, "callback", "%s: the callback's path stands in the page", tt.path)
	}
}

func TestPhoneOfOneUserStays(t *testing.T) {
	s := start(t, emulator.Config{})
	session(t, s, bob)
	q := s.Requests()[0]
	tests := []struct {
		name, path string
		form       url.Values
		want       string
	}{
		{"answer", "/phone/answer", url.Values{"request": {q.ID}, "answer": {"deny"}, "of": {bob}}, ofBob + "&said=denied"},
		{"answer too late", "/phone/answer", url.Values{"request": {q.ID}, "answer": {"deny"}, "of": {bob}}, ofBob + "&said=gone"},
		{"add", "/phone/add", url.Values{"email": {bob}, "key": {totpKey}, "of": {bob}}, ofBob + "&said=added"},
		{"add another's", "/phone/add", url.Values{"uri": {uri}, "of": {bob}}, "/phone?of=alice%40example.com&said=added"},
		{"control", "/phone/controls", url.Values{"down": {"false"}, "of": {bob}}, ofBob},
	}
	for _, tt := range tests {
		if resp, _ := post(t, s.URL+tt.path, tt.form); resp.Header.Get("Location") != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, resp.Header.Get("Location"), tt.want)
		}
	}
}

// A request is shown with the name of the application that sends it, not with that of
// another account of the user's.
func TestRequestHasTheName(t *testing.T) {
	s := start(t, emulator.Config{})
	session(t, s, alice)
	_, page := get(t, s.URL+"/phone")
	wantText(t, page, "<strong>Sign-in request</strong>")
	for _, u := range []string{uri, strings.NewReplacer("Acme", "Library", "&client_id="+clientID+"&email=alice%40example.com", "").Replace(uri)} {
		expect.NoError(t, s.Phone(alice).AddAccount(u))
	}
	_, page = get(t, s.URL+"/phone")
	wantText(t, page, "<strong>Acme</strong>")
	expect.Lacks(t, page, "<strong>Library</strong>", "the request has the name of an account for codes")
	expect.Lacks(t, page, `class="said`, "the page says something though nothing was tapped")
}

func TestPhonesAreListedOnce(t *testing.T) {
	s := start(t, emulator.Config{})
	session(t, s, bob)
	session(t, s, alice)
	session(t, s, bob)
	_, page := get(t, s.URL+ofBob)
	var got []int
	for _, phone := range []string{`<a href="/phone">`, `<a href="/phone?of=alice%40example.com">`, `<a href="` + ofBob + `" aria-current="page">`} {
		got = append(got, strings.Index(page, phone))
		expect.Equal(t, strings.Count(page, phone), 1, "of %s", phone)
	}
	if !slices.IsSorted(got) {
		t.Error("the phones are not in order")
	}
}
