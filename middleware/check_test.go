package middleware_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/templates"
)

// sessionsWith are sessions with nothing wrong but what change does.
func sessionsWith(change func(*scs.SessionManager)) middleware.Option {
	m := scs.New()
	m.Cookie.Secure = true
	change(m)
	return middleware.WithSessions(m)
}

// wrongOptions are options that are faulty in one way each.
var wrongOptions = []struct {
	option string
	name   string
	wrong  middleware.Option
	want   string // the error mentions it
}{
	{"WithSessions", "none", middleware.WithSessions(nil), "no session manager"},
	{"WithSessions", "not Secure", middleware.WithSessions(scs.New()), "isn't Secure"},
	{"WithSessions", "made by hand", middleware.WithSessions(&scs.SessionManager{Lifetime: time.Hour, Cookie: scs.SessionCookie{Name: "session", Path: "/", Secure: true}}), "make it by scs.New"},
	{"WithSessions", "no Store", sessionsWith(func(m *scs.SessionManager) { m.Store = nil }), "make it by scs.New"},
	{"WithSessions", "no Codec", sessionsWith(func(m *scs.SessionManager) { m.Codec = nil }), "make it by scs.New"},
	{"WithSessions", "no ErrorFunc", sessionsWith(func(m *scs.SessionManager) { m.ErrorFunc = nil }), "make it by scs.New"},
	{"WithSessions", "brief", sessionsWith(func(m *scs.SessionManager) { m.Lifetime = 5*time.Minute - 1 }), "Lifetime is 4m59.999999999s, less than the 5m0s"},
	{"WithSessions", "soon idle", sessionsWith(func(m *scs.SessionManager) { m.IdleTimeout = time.Minute }), "IdleTimeout is 1m0s"},
	{"WithSessions", "another path", sessionsWith(func(m *scs.SessionManager) { m.Cookie.Path = "/app" }), `path "/app" doesn't cover`},
	{"WithSessions", "a part of the path", sessionsWith(func(m *scs.SessionManager) { m.Cookie.Path = "/2f" }), `path "/2f" doesn't cover`},
	{"WithSessions", "no path", sessionsWith(func(m *scs.SessionManager) { m.Cookie.Path = "" }), `path "" doesn't cover`},
	{"WithSessions", "a path that can't be sent", sessionsWith(func(m *scs.SessionManager) { m.Cookie.Path = "/;" }), "in Cookie.Path"},
	{"WithSessions", "no name", sessionsWith(func(m *scs.SessionManager) { m.Cookie.Name = "" }), "invalid Cookie.Name"},
	{"WithSessions", "domain with a scheme", sessionsWith(func(m *scs.SessionManager) { m.Cookie.Domain = "https://example.com" }), "invalid Cookie.Domain"},
	{"WithSessions", "__Host- with a domain", sessionsWith(func(m *scs.SessionManager) { m.Cookie.Name, m.Cookie.Domain = "__Host-id", "example.com" }), "no domain"},
	{"WithSessions", "__Host- with a path", sessionsWith(func(m *scs.SessionManager) { m.Cookie.Name, m.Cookie.Path = "__host-id", "/2fa" }), "no domain"},
	{"WithInsecureCookie", "SameSite=None", both(middleware.WithInsecureCookie(), sessionsWith(func(m *scs.SessionManager) {
		m.Cookie.Secure, m.Cookie.SameSite = false, http.SameSiteNoneMode
	})), "SameSite=None"},
	{"WithInsecureCookie", "partitioned", both(middleware.WithInsecureCookie(), sessionsWith(func(m *scs.SessionManager) {
		m.Cookie.Secure, m.Cookie.Partitioned = false, true
	})), "must be set with Secure"},
	{"WithInsecureCookie", "__Host-", both(middleware.WithInsecureCookie(), sessionsWith(func(m *scs.SessionManager) {
		m.Cookie.Secure, m.Cookie.Name = false, "__Host-id"
	})), "only with Secure"},
	{"WithInsecureCookie", "__Secure-", both(middleware.WithInsecureCookie(), sessionsWith(func(m *scs.SessionManager) {
		m.Cookie.Secure, m.Cookie.Name = false, "__Secure-id"
	})), "only with Secure"},

	{"WithService", "none", middleware.WithService(nil), "no service"},
	{"WithService", "client's faults", middleware.WithService(client.New("", "key")), "client ID"},
	{"WithStore", "none", middleware.WithStore(nil), "no store"},
	{"WithStore", "one that couldn't be made", middleware.WithStore((*store.Memory)(nil)), "no store"},
	{"WithStoreTimeout", "none", middleware.WithStoreTimeout(0), "0s isn't 100ms to 30s"},
	{"WithStoreTimeout", "too long", middleware.WithStoreTimeout(time.Minute), "1m0s isn't 100ms to 30s"},
	{"WithUser", "none", middleware.WithUser(nil), "no function"},
	{"WithEmail", "none", middleware.WithEmail(nil), "no function"},

	{"WithIssuer", "blank", middleware.WithIssuer(" "), "no name"},
	{"WithIssuer", "long", middleware.WithIssuer(strings.Repeat("x", 65)), "longer than"},
	{"WithIssuer", "control character", middleware.WithIssuer("a\x00b"), "can't be shown"},
	{"WithIssuer", "invalid UTF-8", middleware.WithIssuer("a\xffb"), "can't be shown"},
	{"WithIssuer", "written from right to left", middleware.WithIssuer("a\u202eb"), "can't be shown"},
	{"WithIssuer", "colon", middleware.WithIssuer("Acme: shop"), `is read as "Acme"`},
	{"WithIssuer", "slash", middleware.WithIssuer("Acme/shop"), `is read as "shop"`},
	{"WithIssuer", "percent", middleware.WithIssuer("100%41cme"), `is read as "100Acme"`},
	{"WithIssuer", "percent alone", middleware.WithIssuer("100% Acme"), `is read as ""`},
	{"WithIssuer", "blank before", middleware.WithIssuer(" Acme"), `is read as "Acme"`},
	{"WithIssuer", "blank behind", middleware.WithIssuer("Acme\u00a0"), `is read as "Acme"`},

	{"WithKey", "none", middleware.WithKey(nil), "0 bytes"},
	{"WithKey", "short", middleware.WithKey([]byte("short")), "5 bytes"},
	{"WithKey", "monotonous", middleware.WithKey(make([]byte, 32)), "single byte"},
	{"WithKey", "short former one", middleware.WithKey(apptest.Key, []byte("old")), "key 2"},

	{"WithBasePath", "none", middleware.WithBasePath(""), "plain path"},
	{"WithBasePath", "root", middleware.WithBasePath("/"), "slash"},
	{"WithBasePath", "dots", middleware.WithBasePath("/a/../b"), "plain path"},
	{"WithBasePath", "wildcard", middleware.WithBasePath("/{x}"), "plain path"},
	{"WithBasePath", "other letters", middleware.WithBasePath("/ยืนยัน"), "escaped in addresses"},
	{"WithHomePath", "none", middleware.WithHomePath(""), "plain path"},
	{"WithHomePath", "elsewhere", middleware.WithHomePath("https://evil.example"), "plain path"},
	{"WithLoginPath", "none", middleware.WithLoginPath(""), "no path"},
	{"WithLoginPath", "elsewhere", middleware.WithLoginPath("//evil.example"), "plain path"},
	{"WithLoginPath", "no slash", middleware.WithLoginPath("login"), "plain path"},
	{"WithLoginPath", "wildcard", middleware.WithLoginPath("/{lang}/login"), "plain path"},
	{"WithLoginPath", "the gate's own", middleware.WithLoginPath("/2fa/login"), "the gate's own pages"},
	{"WithLogoutPath", "none", middleware.WithLogoutPath(""), "no path"},
	{"WithLogoutPath", "query", middleware.WithLogoutPath("/logout?now"), "plain path"},
	{"WithLogoutPath", "the gate's own", middleware.WithLogoutPath("/2fa"), "the gate's own pages"},
	{"WithLogoutPath", "the login", both(middleware.WithLoginPath("/session"), middleware.WithLogoutPath("/session")), "can't be both"},
	{"WithExempt", "all", middleware.WithExempt("/"), "everything"},
	{"WithExempt", "wildcard for all", middleware.WithExempt("GET /{rest...}"), "too much"},
	{"WithExempt", "host", middleware.WithExempt("example.com/x"), "begins with a slash"},
	{"WithExempt", "method alone", middleware.WithExempt("GET"), "begins with a slash"},
	{"WithExempt", "none", middleware.WithExempt(""), "begins with a slash"},
	{"WithExempt", "nonsense", middleware.WithExempt("GET /{"), "pattern"},
	{"WithExempt", "twice", middleware.WithExempt("/a", "/a"), "pattern"},
	{"WithExempt", "star", middleware.WithExempt("/static/*"), `"{rest...}" at the end`},
	{"WithExempt", "star within", middleware.WithExempt("GET /*/healthz"), `"{name}"`},

	{"WithCallbackNetworks", "none", middleware.WithCallbackNetworks(), "from anywhere"},
	{"WithCallbackNetworks", "invalid", middleware.WithCallbackNetworks(netip.Prefix{}), "invalid network"},
	{"WithCallbackSource", "none", both(middleware.WithCallbackNetworks(netip.MustParsePrefix("192.0.2.0/24")), middleware.WithCallbackSource(nil)), "no function"},
	{"WithCallbackSource", "for nothing", middleware.WithCallbackSource(func(*http.Request) (netip.Addr, error) { return netip.Addr{}, nil }), "no effect"},
	{"WithExternalPath", "slash", middleware.WithExternalPath("/"), "ends with a slash"},
	{"WithExternalPath", "in the base path", both(middleware.WithExternalPath("/app"), middleware.WithBasePath("/app/2fa")), "already"},
	{"WithSessions", "without what a proxy takes off", both(middleware.WithExternalPath("/app"), sessionsWith(func(m *scs.SessionManager) { m.Cookie.Path = "/2fa" })), `below "/app/2fa"`},
	{"WithTrustedOrigins", "none", middleware.WithTrustedOrigins(), "no origin"},
	{"WithTrustedOrigins", "a path", middleware.WithTrustedOrigins("https://www.example.com/app"), "is no origin"},
	{"WithTokenLifetime", "none", middleware.WithTokenLifetime(0), "5 to 10 minutes"},
	{"WithTokenLifetime", "brief", middleware.WithTokenLifetime(time.Minute), "5 to 10 minutes"},
	{"WithTokenLifetime", "long", middleware.WithTokenLifetime(time.Hour), "5 to 10 minutes"},
	{"WithTokenLifetime", "longer than sessions", middleware.WithTokenLifetime(25 * time.Hour), "5 to 10 minutes"},
	{"WithTOTP", "algorithm", middleware.WithTOTP("MD5", 6, 30*time.Second), `"MD5"`},
	{"WithTOTP", "digits", middleware.WithTOTP("SHA1", 7, 30*time.Second), "7 digits"},
	{"WithTOTP", "period", middleware.WithTOTP("SHA1", 6, 1500*time.Millisecond), "1.5s"},
	{"WithMode", "unknown", middleware.WithMode(eagate.Popup + 1), "unknown mode 3"},
	{"WithMode", "no origin", middleware.WithMode(eagate.Redirect), "by WithOrigin"},
	{"WithMode", "a service without a page", both(middleware.WithMode(eagate.Redirect), middleware.WithOrigin("https://app.example.com"), middleware.WithService(withoutPage{})), "a WebviewService"},
	{"WithOrigin", "none", middleware.WithOrigin(""), "no origin"},
	{"WithOrigin", "no scheme", middleware.WithOrigin("app.example.com"), "is no origin"},
	{"WithOrigin", "another scheme", middleware.WithOrigin("ftp://localhost"), "neither https nor http"},
	{"WithOrigin", "not https, in a hosted mode", both(middleware.WithMode(eagate.Redirect), middleware.WithOrigin("http://app.example.com"), quiet), "isn't https"},
	{"WithOrigin", "the end of a name", both(middleware.WithOrigin("https://app.example.com"), sessionsWith(func(m *scs.SessionManager) {
		m.Cookie.Domain = "ample.com"
	})), `domain "ample.com" doesn't cover "app.example.com"`},
	{"WithOrigin", "another domain", both(middleware.WithOrigin("https://app.example.com"), sessionsWith(func(m *scs.SessionManager) {
		m.Cookie.Domain = "example.net"
	})), `domain "example.net" doesn't cover "app.example.com"`},
	{"WithFalseResult", "unknown", middleware.WithFalseResult(2), "2 is neither"},
	{"WithHoldOnRejection", "no rejections", middleware.WithHoldOnRejection(), "needs WithFalseResult(Rejection)"},
	{"WithTrustedDevices", "none", middleware.WithTrustedDevices(0), "more than 0"},
	{"WithTrustedDevices", "for ever", middleware.WithTrustedDevices(90*24*time.Hour + 1), "at most 90 days"},
	{"WithTrustedDevices", "negative", middleware.WithTrustedDevices(-time.Hour), "more than 0"},
	{"WithPages", "unknown language", middleware.WithPages(templates.WithLanguages("xx")), "language"},
	{"WithRequired", "none", middleware.WithRequired(nil), "no function"},
	{"WithEvents", "none", middleware.WithEvents(nil), "no function"},
	{"WithNotifier", "none", middleware.WithNotifier(nil), "no notifier"},
	{"WithNotifier", "no function", middleware.WithNotifier(middleware.NotifierFunc(nil)), "no notifier"},
	{"WithCancel", "none", middleware.WithCancel(nil), "no function"},
	{"WithFormFields", "none", middleware.WithFormFields(nil), "no function"},
	{"WithLayoutData", "none", middleware.WithLayoutData[int](nil), "no function"},
	{"WithLanguage", "none", middleware.WithLanguage(nil), "no function"},
	{"WithPages", "no links", links(templates.Links{}), "no links"},
	{"WithPages", "password: elsewhere", links(templates.Links{Password: "https://acme.example/password"}), "plain path"},
	{"WithPages", "password: dots", links(templates.Links{Password: "/a/../password"}), "plain path"},
	{"WithPages", "password: the gate's own", links(templates.Links{Password: "/2fa/password"}), "the gate's own pages"},
	{"WithPages", "privacy: http", links(templates.Links{Privacy: "http://acme.example/"}), "WithLinks: Privacy"},
	{"WithPages", "privacy: the gate's own", links(templates.Links{Privacy: "/2fa/privacy"}), "the gate's own pages"},
	{"WithPages", "help: the gate's own", links(templates.Links{Help: "/2fa/help"}), "the gate's own pages"},
	{"WithPages", "help: http", links(templates.Links{Help: "http://help.acme.example/"}), "no https or mailto URL"},
	{"WithPages", "help: a script", links(templates.Links{Help: "javascript:alert(1)"}), "no https or mailto URL"},
	{"WithPages", "help: another host, without a scheme", links(templates.Links{Help: "//help.acme.example/"}), "plain path"},
	{"WithPages", "help: no host", links(templates.Links{Help: "https:///help"}), "no https or mailto URL"},
	{"WithPages", "help: a password", links(templates.Links{Help: "https://a:b@help.acme.example/"}), "no https or mailto URL"},
	{"WithPages", "help: mail to nobody", links(templates.Links{Help: "mailto:"}), "no https or mailto URL"},
	{"WithPages", "help: no URL", links(templates.Links{Help: "https://[help"}), "no URL"},
	{"WithLogger", "none", middleware.WithLogger(nil), "no logger"},
	{"WithClock", "none", middleware.WithClock(nil), "no clock"},
}

func links(links templates.Links) middleware.Option {
	return middleware.WithPages(templates.WithLinks(links))
}

var quiet = middleware.WithLogger(slog.New(slog.DiscardHandler))

// both are several options as one: all that an option does is to change the
// configuration, whose type can't be named here.
func both(options ...middleware.Option) middleware.Option {
	return inTurn(options[0], options[1:]...)
}

func inTurn[C any, O ~func(C)](first O, more ...O) O {
	return func(c C) {
		first(c)
		for _, option := range more {
			option(c)
		}
	}
}

// Each fault is told at start, once, by the option's name.
func TestNewFaults(t *testing.T) {
	t.Parallel()
	told := make(map[string]bool)
	for _, test := range wrongOptions {
		told[test.option] = true
		t.Run(test.option+"/"+test.name, func(t *testing.T) {
			t.Parallel()
			_, err := middleware.New(append(complete(), test.wrong)...)
			if err == nil {
				t.Fatal("got no error")
			}
			if got := err.Error(); strings.Count(got, "\n") > 0 || !strings.Contains(got, test.want) ||
				!strings.Contains(got, test.option) && test.option != "WithInsecureCookie" {
				t.Errorf("got %v, want one line that mentions %s and %q", err, test.option, test.want)
			}
		})
	}
	files := expect.Try(filepath.Glob("*.go")).OrFail(t)
	option := regexp.MustCompile(`(?m)^func (With\w+)\(.* Option \{`)
	for _, file := range files {
		source := expect.Try(os.ReadFile(file)).OrFail(t)
		for _, found := range option.FindAllSubmatch(source, -1) {
			if !told[string(found[1])] {
				t.Errorf("%s: no wrong value of %s is tried", file, found[1])
			}
		}
	}
}

// All of them at once are as many lines, and no option's fault hides another's.
func TestNewReportsEveryFault(t *testing.T) {
	t.Parallel()
	_, err := middleware.New(middleware.WithBasePath("2fa/"), middleware.WithExempt("/", "GET"), middleware.WithTOTP("MD5", 7, time.Millisecond),
		middleware.WithPages(templates.WithLanguages("xx"), templates.WithLanguages("yy")))
	if err == nil {
		t.Fatal("got no error, want all of them")
	}
	for _, want := range []string{
		"WithSessions", "WithService", "WithStore", "WithUser", "WithIssuer", "WithKey", `WithBasePath: "2fa/"`, `WithExempt: pattern "/"`, `WithExempt: pattern "GET"`,
		`WithTOTP: unknown TOTP algorithm "MD5"`, "WithTOTP: TOTP codes of 7 digits", "WithTOTP: TOTP period 1ms", "WithPages",
	} {
		expect.Equal(t, strings.Count(err.Error(), want), 1, "the error doesn't mention %s once", want)
	}
	for _, line := range strings.Split(err.Error(), "\n") {
		if !strings.HasPrefix(line, "middleware: ") {
			t.Errorf("a line that doesn't say whose it is: %s", line)
		}
	}
}

// What is right isn't refused.
func TestNewTakes(t *testing.T) {
	t.Parallel()
	for name, option := range map[string]middleware.Option{
		"nothing more":            nil,
		"brief sessions":          sessionsWith(func(m *scs.SessionManager) { m.Lifetime, m.IdleTimeout = 5*time.Minute, 5*time.Minute }),
		"cookie for the gate":     sessionsWith(func(m *scs.SessionManager) { m.Cookie.Path = "/2fa" }),
		"cookie for what's below": sessionsWith(func(m *scs.SessionManager) { m.Cookie.Path = "/2fa/" }),
		"__Host-":                 sessionsWith(func(m *scs.SessionManager) { m.Cookie.Name = "__Host-session" }),
		"domain": both(middleware.WithOrigin("https://app.example.com"), sessionsWith(func(m *scs.SessionManager) {
			m.Cookie.Domain = ".example.com"
		})),
		"localhost":                    both(middleware.WithMode(eagate.Redirect), middleware.WithOrigin("http://localhost:3000"), quiet),
		"loopback":                     both(middleware.WithMode(eagate.Redirect), middleware.WithOrigin("http://[::1]:3000"), quiet),
		"issuer in Thai":               middleware.WithIssuer("ร้านกาแฟ สาขา 2"),
		"issuer with signs":            middleware.WithIssuer("C++ & Söhne (Test) #1?"),
		"the longest device":           middleware.WithTrustedDevices(90 * 24 * time.Hour),
		"the login named twice":        both(middleware.WithLoginPath("/login"), middleware.WithExempt("GET /login", "POST /login", "/login/")),
		"the front page for the login": middleware.WithLoginPath("/"),
		"a page like the gate's":       middleware.WithLoginPath("/2fast"),
		"a fault that was mended":      both(middleware.WithEvents(nil), middleware.WithEvents(func(context.Context, eagate.Event) {})),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expect.Try(middleware.New(append(complete(), option)...)).OrFail(t)
		})
	}
}

// Where FIPS 140-3 is enforced, package hmac panics for SHA-1: New says so, and with
// another algorithm everything starts.
func TestNewUnderFIPS(t *testing.T) {
	t.Parallel()
	if os.Getenv("EAGATE_TEST_FIPS") != "" {
		_, err := middleware.New(complete()...)
		if err == nil || !strings.Contains(err.Error(), "WithTOTP: TOTP algorithm SHA1 can't be used here") {
			t.Errorf("SHA1: got %v, want an error of WithTOTP", err)
		}
		if _, err := middleware.New(append(complete(), middleware.WithTOTP("SHA256", 6, 30*time.Second))...); err != nil {
			t.Errorf("SHA256: got %v, want no error", err)
		}
		return
	}
	c := exec.Command(os.Args[0], "-test.run=^TestNewUnderFIPS$")
	c.Env = append(os.Environ(), "EAGATE_TEST_FIPS=1", "GODEBUG=fips140=only")
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
