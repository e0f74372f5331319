package emulator_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/expect"
)

func TestPhonePage(t *testing.T) {
	c := newClock()
	s := start(t, emulator.Config{Now: c.Now})
	if resp, _ := get(t, s.URL+"/"); resp.StatusCode != 303 || resp.Header.Get("Location") != "/phone" {
		t.Errorf("/: got %d to %q, want 303 to /phone", resp.StatusCode, resp.Header.Get("Location"))
	}
	_, page := get(t, s.URL+"/phone")
	wantText(t, page, `<title id="title" data-live>Emulated phone — eAuthenticator</title>`, "No request is waiting.", "No account yet.")

	expect.NoError(t, s.Phone(alice).AddAccount(uri))
	session(t, s, alice)
	q := s.Requests()[0]
	code := expect.Try(s.Phone(alice).Code()).OrFail(t)
	resp, page := get(t, s.URL+"/phone")
	wantText(t, page, ">(1) Emulated phone", "1 waiting", "Approve sign in request", `data-request="`+q.ID+`"`, `value="deny"`, `value="timeout"`, `value="fail"`, "It's not me",
		`data-code="`+code+`"`, `>`+code[:3]+`<span>`+code[3:]+`</span>`, `data-seconds data-live>25<`, `stroke-dasharray="25 30"`, `http-equiv="refresh"`)
	var order []int
	for _, n := range q.Choices {
		order = append(order, strings.Index(page, `name="number" value="`+n+`"`))
	}
	if order[0] < 0 || order[0] > order[1] || order[1] > order[2] {
		t.Errorf("got the buttons of %q at %v, want all in order", q.Choices, order)
	}
	if _, again := get(t, s.URL+"/phone"); again != page {
		t.Error("the page changes by reloading")
	}
	if strings.Contains(page, q.Token) || strings.Contains(page, totpKey) {
		t.Error("a secret stands in the page")
	}
	for name, want := range map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"} {
		expect.Equal(t, resp.Header.Get(name), want, name)
	}
	if csp := resp.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") {
		t.Errorf("got CSP %q", csp)
	}
}

func TestPhonePageAssets(t *testing.T) {
	s := start(t, emulator.Config{})
	_, page := get(t, s.URL+"/phone")
	for _, m := range regexp.MustCompile(`(?:href|src)="(/[^"]+)"`).FindAllStringSubmatch(page, -1) {
		if resp, _ := get(t, s.URL+m[1]); resp.StatusCode != 200 {
			t.Errorf("%s: got %d", m[1], resp.StatusCode)
		}
	}
}

func TestPhonePageAnswers(t *testing.T) {
	tests := []struct {
		name string
		form func(emulator.Request) url.Values
		want emulator.RequestState
		said string
	}{
		{"right", func(q emulator.Request) url.Values { return url.Values{"number": {q.Number}} }, emulator.Approved, "approved"},
		{"wrong", func(emulator.Request) url.Values { return url.Values{"number": {"0"}} }, emulator.Denied, "wrong"},
		{"deny", func(emulator.Request) url.Values { return url.Values{"answer": {"deny"}} }, emulator.Denied, "denied"},
		{"time-out", func(emulator.Request) url.Values { return url.Values{"answer": {"timeout"}} }, emulator.Expired, "expired"},
		{"fault", func(emulator.Request) url.Values { return url.Values{"answer": {"fail"}} }, emulator.Failed, "failed"},
		{"something else", func(emulator.Request) url.Values { return url.Values{"answer": {"approve"}} }, emulator.Waiting, ""},
		{"neither", func(emulator.Request) url.Values { return url.Values{} }, emulator.Waiting, ""},
		{"both", func(q emulator.Request) url.Values { return url.Values{"number": {q.Number}, "answer": {"deny"}} }, emulator.Waiting, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			reported := make(chan string, 1)
			s := start(t, emulator.Config{CallbackURL: callback(t, reported)})
			session(t, s, alice)
			q := s.Requests()[0]
			form := tt.form(q)
			form.Set("request", q.ID)
			resp, _ := post(t, s.URL+"/phone/answer", form)
			expect.Equal(t, s.Requests()[0].State, tt.want)
			if tt.want == emulator.Waiting {
				expect.Equal(t, resp.StatusCode, 400)
				return
			}
			if resp.StatusCode != 303 || resp.Header.Get("Location") != "/phone?said="+tt.said {
				t.Errorf("got %d to %q, want 303 to say %q", resp.StatusCode, resp.Header.Get("Location"), tt.said)
			}
			if _, page := get(t, s.URL+resp.Header.Get("Location")); !strings.Contains(page, `class="said `) {
				t.Errorf("the page doesn't say %q", tt.said)
			}
			if got, want := <-reported, "false"; (got == want) == (tt.want == emulator.Approved) {
				t.Errorf("got report %q", got)
			}
			resp, _ = post(t, s.URL+"/phone/answer", form)
			expect.Equal(t, resp.Header.Get("Location"), "/phone?said=gone", "again")
			_, page := get(t, s.URL+"/phone?said=gone")
			wantText(t, page, "not waiting any more", `data-state="`+tt.want.String()+`"`)
		})
	}
}

func callback(t *testing.T, reported chan<- string) string {
	t.Helper()
	a := newServer(t, func(_ http.ResponseWriter, r *http.Request) { reported <- r.URL.Query().Get("result") })
	return a.URL
}

func TestPhonePageAdds(t *testing.T) {
	s := start(t, emulator.Config{})
	_, page := get(t, s.URL+"/phone/add")
	wantText(t, page, `<label for="uri">`, `<label for="email">`, `<label for="key">`)
	expect.Lacks(t, page, "refresh", "the form reloads while one types")
	for _, form := range []url.Values{
		{"uri": {uri}},
		{"email": {"bob@example.com"}, "key": {" jbsw y3dp ehpk 3pxp "}},
	} {
		if resp, _ := post(t, s.URL+"/phone/add", form); resp.StatusCode != 303 {
			t.Errorf("%v: got %d, want 303", form, resp.StatusCode)
		}
	}
	if got := s.Accounts(); len(got) != 2 || got[0].Email != alice || got[1].Secret != "JBSWY3DPEHPK3PXP" {
		t.Errorf("got %+v", got)
	}
	for _, form := range []url.Values{
		{},
		{"uri": {"nonsense"}},
		{"uri": {strings.Replace(uri, clientID, "other", 1)}},
		{"email": {"bob@example.com"}, "key": {"1"}},
		{"key": {totpKey}},
	} {
		resp, page := post(t, s.URL+"/phone/add", form)
		if resp.StatusCode != 422 || !strings.Contains(page, `role="alert"`) {
			t.Errorf("%v: got %d, want 422 with a message", form, resp.StatusCode)
		}
	}
}

func TestPagesEscape(t *testing.T) {
	hostile := `"><script>alert(1)</script>'{{.}}`
	s := start(t, emulator.Config{})
	session(t, s, hostile)
	quoted := url.PathEscape(hostile)
	quoted = strings.NewReplacer(":", "%3A", "=", "%3D").Replace(quoted)
	evil := strings.NewReplacer("Acme", quoted, "alice%40example.com", quoted).Replace(uri)
	expect.NoError(t, s.Phone(hostile).AddAccount(evil))
	_, phone := get(t, s.URL+"/phone?said="+url.QueryEscape(hostile))
	_, add := post(t, s.URL+"/phone/add", url.Values{"uri": {hostile}, "email": {hostile}})
	_, webview := get(t, s.URL+"/start-authentication?signin_method=redirect&redirect_uri=https://a.example/&session_token="+s.Requests()[0].Token)
	_, wrong := get(t, s.URL+"/start-authentication?signin_method="+url.QueryEscape(hostile))
	for name, page := range map[string]string{"phone": phone, "add": add, "webview": webview, "faulty webview": wrong} {
		if strings.Contains(page, "<script>alert") || strings.Contains(page, `""><script`) {
			t.Errorf("%s: the script stands in the page: %s", name, page)
		}
	}
	wantText(t, html.UnescapeString(phone), hostile)
}

func TestPagesRefuseCrossSitePosts(t *testing.T) {
	s := start(t, emulator.Config{})
	session(t, s, alice)
	q := s.Requests()[0]
	req, _ := http.NewRequest("POST", s.URL+"/phone/answer", strings.NewReader(url.Values{"request": {q.ID}, "number": {q.Number}}.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	resp := expect.Try(stay.Do(req)).OrFail(t)
	text(t, resp)
	if resp.StatusCode != 403 || s.Requests()[0].State != emulator.Waiting {
		t.Errorf("got %d, want 403 and nothing done", resp.StatusCode)
	}
}

func wantText(t *testing.T, page string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(page, part) && !strings.Contains(html.UnescapeString(page), part) {
			t.Errorf("%q is missing in %s", part, page)
		}
	}
}

func TestPhonePageCountsDown(t *testing.T) {
	c := newClock()
	s := start(t, emulator.Config{Now: c.Now})
	session(t, s, alice)
	c.advance(60 * time.Second)
	_, page := get(t, s.URL+"/phone")
	wantText(t, page, "data-live>240</span> seconds left")
	c.advance(240 * time.Second)
	_, page = get(t, s.URL+"/phone")
	wantText(t, page, "No request is waiting.", `data-state="expired"`)
}
