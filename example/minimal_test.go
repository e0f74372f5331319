package example_test

import (
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/example/internal/program"
	"github.com/eagate/eagate/internal/expect"
)

const key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

// forChi makes the program one on chi, as README.md says.
var forChi = strings.NewReplacer(`
	"github.com/alexedwards/scs/v2"
`, `
	"github.com/alexedwards/scs/v2"
	"github.com/go-chi/chi/v5"
`, `
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", home)
`, `
	mux := chi.NewRouter()
	mux.Use(http.NewCrossOriginProtection().Handler, sessions.LoadAndSave, gate.Handler)
	mux.HandleFunc("GET /", home)
`, `
	app := http.NewCrossOriginProtection().Handler(sessions.LoadAndSave(gate.Handler(mux)))
`, "", `
	log.Fatal(http.Serve(l, app))
`, `
	log.Fatal(http.Serve(l, mux))
`)

// The program of README.md, and the one on chi, behind a proxy that does TLS.
func TestMinimal(t *testing.T) {
	t.Parallel()
	source := expect.Try(os.ReadFile("nethttp/main.go")).OrFail(t)
	onChi := filepath.Join(t.TempDir(), "chi.go")
	expect.NoError(t, os.WriteFile(onChi, []byte(forChi.Replace(string(source))), 0o600))
	for _, name := range []string{"nethttp", onChi} {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			path := program.Build(t, name)
			emu := emulator.Start(emulator.Config{})
			t.Cleanup(emu.Close)
			p := start(t, path,
				"ADDR=127.0.0.1:0",
				"EAUTH_CLIENT_ID="+emu.ClientID(), "EAUTH_API_KEY="+emu.APIKey(),
				"EAUTH_API_URL="+emu.URL+emulator.APIPath,
				"EAGATE_KEY="+key,
			)
			addr := "http://" + p.said["listening:"]
			emu.SetCallbackURL(strings.Replace(p.said["callback:"], "http://127.0.0.1:0", addr, 1))
			phone := emu.Phone("alice@example.com")
			proxy := tlsProxy(t, addr)

			v := newVisitor(t, proxy.URL, proxy.Client().Transport)
			v.wantRedirect(v.get("/"), "/login")
			v.wantPage(v.get("/login"), 200, "<form")
			v.wantPage(v.post("/login", "text/html", "email", "alice@example.com", "password", "wrong"), 401, "wrong")
			v.login("/")
			v.wantPage(v.get("/"), 200, "Only alice@example.com")
			a := v.post("/2fa/enable", "application/json")
			if err := phone.AddAccount(a.json("uri")); err != nil {
				t.Fatal(err, a)
			}
			code := expect.Try(phone.Code()).OrFail(t)
			v.wantPage(v.post("/2fa/enable/confirm", "application/json", "code", code), 200, `"on"`)
			v.wantPage(v.get("/"), 200, "Only alice@example.com")

			v = newVisitor(t, proxy.URL, proxy.Client().Transport)
			v.login("/")
			v.wantRedirect(v.get("/"), "/2fa/challenge")
			v.wantPage(v.get("/2fa/challenge"), 200, "Number to tap") // which asks the phone
			expect.Try(phone.Approve(t.Context())).OrFail(t)
			v.wantRedirect(v.get("/2fa/challenge"), "/")
			v.wantPage(v.get("/"), 200, "Only alice@example.com")

			_, said := fault(t, path)
			for _, want := range []string{"client ID", "API key", "key 1 has 0 bytes"} {
				expect.Contains(t, said, want, "without configuration, the program doesn't say %q but", want)
			}
		})
	}
}

func tlsProxy(t *testing.T, to string) *httptest.Server {
	t.Helper()
	target := expect.Try(url.Parse(to)).OrFail(t)
	server := httptest.NewTLSServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host
	}})
	t.Cleanup(server.Close)
	return server
}
