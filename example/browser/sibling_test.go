package browser_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"html"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/chromedp/chromedp"

	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/example/demo/app"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
)

// The hosts are of one domain that somebody can register.
const (
	appHost     = "app.acme.test"
	siblingHost = "www.acme.test"
)

// A thief has planted the cookie of his own locked session in her browser, from another
// host of the domain. She approves the request that her browser shows, and he is the
// first to come for the approval.
func TestA40_SiblingHost(t *testing.T) {
	t.Parallel()
	for _, begins := range []string{"her browser", "his"} {
		t.Run(begins+" begins", func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			phone := s.enrol(t)
			thief := s.client(t)
			thief.login(t)
			if begins == "his" {
				thief.get(t, "/account")
				thief.get(t, "/2fa/challenge")
			}

			b := s.newTab(t, s.chromium(t))
			b.do(chromedp.Navigate("https://" + siblingHost + ":" + s.port + "/plant?session=" + thief.cookie(t, "session")))
			b.login(alice)
			if begins == "his" {
				b.see(`form[action="/2fa/challenge/continue"]`)
				b.click(`form[action="/2fa/challenge/continue"] button`)
			}
			b.see(waiting)
			number := b.text("#number")
			expect.Lacks(t, thief.get(t, "/2fa/challenge"), ">"+number+"<", "he is shown her number")

			s.hold.Lock() // her browser
			answer(t, phone.Approve)
			for range 5 {
				for _, path := range []string{"/account", "/2fa/challenge", "/2fa/challenge/status"} {
					if page := thief.get(t, path); isIn(page) {
						t.Errorf("he got in at %s:\n%s", path, page)
					}
				}
			}
			s.hold.Unlock()
			b.see(verifiedIn)
			b.wantPath("/account")
			if page := thief.get(t, "/account"); isIn(page) {
				t.Errorf("afterwards, he got in:\n%s", page)
			}
			expect.Differ(t, s.planted.Load(), 0, "the planted cookie was never sent: the test has tried nothing")
		})
	}
}

// isIn reports whether a page is the guarded one.
func isIn(page string) bool { return strings.Contains(page, `data-verified="true"`) }

// A site is the demo's application behind TLS, and another host of its domain, which is
// the thief's.
type site struct {
	*world
	ca      *authority
	port    string
	hold    sync.RWMutex // keeps the browser's pages waiting
	planted atomic.Int64 // requests with two session cookies
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{world: &world{World: apptest.NewWorld(t)}, ca: newAuthority(t, appHost, siblingHost)}
	server := httptest.NewUnstartedServer(nil) // has its address already
	_, s.port, _ = net.SplitHostPort(server.Listener.Addr().String())
	s.url = "https://" + appHost + ":" + s.port
	sessions := scs.New()
	sessions.Cookie.Secure = true
	application := s.app(t, sessions)
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.Host, siblingHost):
			s.plant(w, r)
			return
		case strings.Contains(r.UserAgent(), "Chrome") && r.URL.Path == "/2fa/challenge":
			s.hold.RLock()
			defer s.hold.RUnlock()
		}
		if len(r.CookiesNamed("session")) > 1 {
			s.planted.Add(1)
		}
		application.ServeHTTP(w, r)
	})
	server.TLS = &tls.Config{Certificates: []tls.Certificate{s.ca.cert}}
	server.StartTLS()
	t.Cleanup(server.Close)
	callbacks := httptest.NewServer(application) // the service doesn't trust the certificate
	t.Cleanup(callbacks.Close)
	s.Emulator.SetCallbackURL(callbacks.URL + apptest.CallbackPath(application.Gate))
	return s
}

// plant sets the cookies that another host can set.
func (s *site) plant(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/plant" {
		http.NotFound(w, r) // its icon
		return
	}
	for _, name := range []string{"session", "__Host-eagate-browser-" + s.GateName() + "-planted"} {
		http.SetCookie(w, &http.Cookie{
			Name: name, Value: r.FormValue("session"), Domain: "acme.test", Path: "/2fa", Secure: true,
		})
	}
	_, _ = io.WriteString(w, "<!doctype html><title>Welcome</title>")
}

// chromium starts a browser that finds the hosts here, and trusts their certificate.
func (s *site) chromium(t *testing.T) context.Context {
	t.Helper()
	needChromium(t)
	path := expect.Try(findChromium()).OrFail(t)
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), append(flags(path),
		chromedp.Flag("host-resolver-rules", "MAP *.acme.test 127.0.0.1"),
		chromedp.Flag("ignore-certificate-errors-spki-list", s.ca.pin),
	)...)
	t.Cleanup(cancel)
	return ctx
}

// A client is a program of the thief's that keeps cookies.
type client struct {
	http http.Client
	url  string
}

func (s *site) client(t *testing.T) *client {
	t.Helper()
	jar := expect.Try(cookiejar.New(nil)).OrFail(t)
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: s.ca.pool},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, "127.0.0.1:"+s.port)
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &client{http.Client{
		Jar: jar, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, s.url}
}

func (c *client) login(t *testing.T) {
	t.Helper()
	c.do(t, http.MethodPost, "/login", url.Values{"email": {alice}, "password": {app.Password}}.Encode())
}

// get opens a page.
func (c *client) get(t *testing.T, path string) string {
	t.Helper()
	return c.do(t, http.MethodGet, path, "")
}

func (c *client) do(t *testing.T, method, path, form string) string {
	t.Helper()
	req := expect.Try(http.NewRequestWithContext(t.Context(), method, c.url+path, strings.NewReader(form))).OrFail(t)
	req.Header.Set("Accept", "text/html")
	if form != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res := expect.Try(c.http.Do(req)).OrFail(t)
	defer res.Body.Close()
	page := expect.Try(io.ReadAll(res.Body)).OrFail(t)
	return string(page)
}

func (c *client) cookie(t *testing.T, name string) string {
	t.Helper()
	u := expect.Try(url.Parse(c.url)).OrFail(t)
	for _, cookie := range c.http.Jar.Cookies(u) {
		if cookie.Name == name {
			return cookie.Value
		}
	}
	t.Fatalf("no cookie %s", name)
	return ""
}

// enrol returns the phone of a user who has the second factor.
func (s *site) enrol(t *testing.T) *emulator.Phone {
	t.Helper()
	c := s.client(t)
	c.login(t)
	c.do(t, http.MethodPost, "/2fa/enable", "x=")
	page := c.get(t, "/2fa/enable")
	m := regexp.MustCompile(`<a id="otpauth"[^>]* href="([^"]*)"`).FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("no address to enrol with in\n%s", page)
	}
	phone := s.Emulator.Phone(alice)
	expect.NoError(t, phone.AddAccount(html.UnescapeString(m[1])))
	c.do(t, http.MethodPost, "/2fa/enable/confirm", "code="+apptest.Code(t, phone))
	s.Clock.Add(apptest.Step)
	return phone
}

// An authority has signed the certificate of the hosts.
type authority struct {
	pool *x509.CertPool
	cert tls.Certificate
	pin  string // of the certificate's key, as Chromium wants it
}

func newAuthority(t *testing.T, hosts ...string) *authority {
	t.Helper()
	sign := func(template, parent *x509.Certificate, key, by *ecdsa.PrivateKey) *x509.Certificate {
		der := expect.Try(x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, by)).OrFail(t)
		cert := expect.Try(x509.ParseCertificate(der)).OrFail(t)
		return cert
	}
	newKey := func() *ecdsa.PrivateKey {
		key := expect.Try(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)).OrFail(t)
		return key
	}
	until := time.Now().Add(time.Hour)
	rootKey, key := newKey(), newKey()
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Acme's tests"}, NotAfter: until,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	root = sign(root, root, rootKey, rootKey)
	leaf := sign(&x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: hosts[0]}, DNSNames: hosts, NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, root, key, rootKey)
	pool := x509.NewCertPool()
	pool.AddCert(root)
	spki := sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
	return &authority{
		pool: pool, pin: base64.StdEncoding.EncodeToString(spki[:]),
		cert: tls.Certificate{Certificate: [][]byte{leaf.Raw, root.Raw}, PrivateKey: key},
	}
}
