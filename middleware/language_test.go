package middleware_test

import (
	htmlpkg "html"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/templates"
)

// languages are those of the package and some of an application that has translated a
// little of each.
func languages() middleware.Option {
	file := func(name, cancel string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte(`{"_name": "` + name + `", "challenge.cancel": "` + cancel + `"}`)}
	}
	return middleware.WithPages(templates.WithTranslations(fstest.MapFS{
		"de.json": file("Deutsch", "Abbrechen"), "he.json": file("עברית", "ביטול"), "zh-Hans.json": file("简体中文", "取消"), "pt-BR.json": file("Português (Brasil)", "Cancelar"),
	}))
}

var htmlLang = regexp.MustCompile(`<html lang="([^"]*)" dir="([^"]*)"`)

// langOf returns the language of a page.
func langOf(t *testing.T, a apptest.Answer) string {
	t.Helper()
	m := htmlLang.FindStringSubmatch(a.Body)
	if m == nil {
		t.Fatalf("got %d without a page:\n%s", a.Status, a.Body)
	}
	return m[1]
}

// link returns the address by which a page offers a language, or "".
func link(a apptest.Answer, lang string) string {
	m := regexp.MustCompile(`<a href="([^"]*)" lang="` + lang + `"`).FindStringSubmatch(a.Body)
	if m == nil {
		return ""
	}
	return htmlpkg.UnescapeString(m[1])
}

func TestLanguageByAcceptLanguage(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Setup{Options: []middleware.Option{languages()}})
	b := app.Browser(t).Login(alice)
	for header, want := range map[string]string{
		"": "en", "th-TH": "th", "zh-CN,zh;q=0.9": "zh-Hans", "zh": "zh-Hans", "pt-PT": "pt-BR", "de-AT,en;q=0.5": "de", "iw": "he", "xx": "en",
	} {
		expect.Equal(t, langOf(t, b.Do("GET", "/2fa/", "", "Accept", "text/html", "Accept-Language", header)), want, "%q", header)
	}
	if a := b.Do("GET", "/2fa/", "", "Accept", "text/html", "Accept-Language", "he"); !strings.Contains(a.Body, `<html lang="he" dir="rtl">`) {
		t.Errorf("a page from right to left")
	}
}

// The user's choice sticks, and goes on from where it was made.
func TestLanguageOfTheUsersChoice(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Setup{Options: []middleware.Option{languages()}})
	phone := app.Enrolled(t, alice)
	b := app.Stopped(t, alice)

	a := b.Get("/2fa/challenge?code=1&browser=x&again=1")
	if got := langOf(t, a); got != "en" || !strings.Contains(a.Body, `lang="en" aria-current="true">English</a>`) {
		t.Fatalf("got %s, want English to be the one", got)
	}
	to := link(a, "de")
	expect.Equal(t, to, "/2fa/challenge?code=1&lang=de", "the link")
	a = b.Get(to)
	if got := langOf(t, a); got != "de" || !strings.Contains(a.Body, "Abbrechen") || !strings.Contains(a.Body, ` open>`) {
		t.Errorf("got %s, want German, and the form for a code open:\n%s", got, a.Body)
	}
	set := a.Header.Values("Set-Cookie")
	i := strings.Index(strings.Join(set, "\n"), "eagate-language-")
	if i < 0 {
		t.Fatalf("got %q, want the choice in a cookie", set)
	}
	for _, attribute := range []string{"=de", "Path=/", "Max-Age=31536000", "HttpOnly", "SameSite=Lax"} {
		expect.Contains(t, strings.Join(set, "\n")[i:], attribute)
	}

	// On each page, and before what the browser prefers.
	a = b.Post("/2fa/challenge/totp", "code", "000")
	if got := langOf(t, a); got != "de" || link(a, "th") != "/2fa/challenge?lang=th" {
		t.Errorf("the answer to a form: got %s and %q, want German, and a link to the form's page", got, link(a, "th"))
	}
	expect.Equal(t, langOf(t, b.Do("GET", "/2fa/challenge", "", "Accept", "text/html", "Accept-Language", "th")), "de")
	for _, path := range []string{"/2fa/nowhere", "/2fa/assets/nothing"} {
		if a := b.Get(path + "?lang=th"); langOf(t, a) != "de" || link(a, "th") != "/2fa/?lang=th" {
			t.Errorf("%s, which there isn't: got %s and %q", path, langOf(t, a), link(a, "th"))
		}
	}
	if a := b.Get("/2fa/challenge?code=" + strings.Repeat("1", 1000)); link(a, "th") != "/2fa/challenge?lang=th" {
		t.Errorf("got the link %q, want nothing in it that somebody else has put into the address", link(a, "th"))
	}

	// It is nothing but a language.
	if a := b.Get("/account?lang=th"); a.Secret() {
		t.Error("a choice of language lets in")
	}
	for _, bad := range []string{"xx", "", "DE", "th%0d%0aSet-Cookie:x=y", "th%3B%20Path=/x"} {
		if a := b.Get("/2fa/challenge?lang=" + bad); langOf(t, a) != "de" || strings.Contains(strings.Join(a.Header.Values("Set-Cookie"), "\n"), "language") {
			t.Errorf("%q: got %s, want no language that there isn't", bad, langOf(t, a))
		}
	}
	apptest.Approve(t, phone)
	b.Get("/2fa/challenge?lang=th").WantTo(t, "/account?lang=th", "approved meanwhile")
	b.WantIn("after that")
	expect.Equal(t, langOf(t, b.Get("/2fa/")), "th", "(what was chosen with a redirect)")
}

// A planted or outdated cookie, or another site's link, chooses nothing.
func TestLanguageOfNobodysChoice(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Setup{Options: []middleware.Option{languages()}})
	b := app.Browser(t).Login(alice)
	if got := langOf(t, b.Do("GET", "/2fa/?lang=de", "", "Accept", "text/html", "Sec-Fetch-Site", "cross-site")); got != "en" {
		t.Errorf("another site's link: got %s, want English", got)
	}
	expect.Equal(t, langOf(t, b.Do("GET", "/2fa/?lang=de", "", "Accept", "text/html", "Sec-Fetch-Site", "same-origin")), "de", "our link")
	for name, value := range b.Cookies() {
		if strings.HasPrefix(name, "eagate-language-") && value == "de" {
			for _, planted := range []string{"xx", `"><b>`, ""} {
				b.SetCookie(name, planted)
				expect.Equal(t, langOf(t, b.Do("GET", "/2fa/", "", "Accept", "text/html", "Accept-Language", "th")), "th", "a cookie of %q", planted)
			}
			return
		}
	}
	t.Errorf("got the cookies %q, want one with the language", b.Cookies())
}

// The application knows better; where it doesn't say, the user does.
func TestWithLanguage(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Setup{Options: []middleware.Option{languages(), middleware.WithLanguage(func(r *http.Request) string {
		return r.Header.Get("X-Language")
	})}})
	b := app.Browser(t).Login(alice)
	b.Get("/2fa/?lang=th")
	tests := []struct {
		name, says, want string
		menu             bool
	}{
		{"known", "de", "de", false},
		{"matched", "de-AT", "de", false},
		{"unknown", "xx", "en", false},
		{"garbage", "\x01;;", "en", false},
		{"doesn't say", "", "th", true},
	}
	for _, tt := range tests {
		a := b.Do("GET", "/2fa/", "", "Accept", "text/html", "Accept-Language", "he", "X-Language", strings.ReplaceAll(tt.says, "\x01", "!"))
		expect.Equal(t, langOf(t, a), tt.want, tt.name)
		expect.Equal(t, strings.Contains(a.Body, `<details id="languages">`), tt.menu, "%s: a menu", tt.name)
	}
}

func TestLanguageMenuNeedsSeveral(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Setup{Options: []middleware.Option{middleware.WithPages(templates.WithLanguages(templates.Thai))}})
	a := app.Browser(t).Login(alice).Get("/2fa/?lang=en")
	if langOf(t, a) != "th" || strings.Contains(a.Body, `id="languages"`) {
		t.Errorf("Thai, and no menu:\n%s", a.Body)
	}
}

// A page in place of the application's own has no menu: the address isn't ours.
func TestLanguageMenuIsOnOurPagesOnly(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	b.Get("/2fa/challenge?lang=th")
	a := b.Post("/transfer", "amount", "1")
	if a.Status != http.StatusForbidden || langOf(t, a) != "th" || strings.Contains(a.Body, `id="languages"`) {
		t.Errorf("got %d in %s, want 403 in Thai without a menu", a.Status, langOf(t, a))
	}
}
