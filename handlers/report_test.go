package handlers_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
)

func TestA09_AmbiguousReports(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	w := wait(t, app, alice)
	spy := app.Spy(t)
	s := service(t, app)
	for _, c := range []struct{ name, method, query, contentType, body string }{
		{"nothing", "GET", "", "", ""},
		{"no result", "GET", "session_token=@T", "", ""},
		{"no token", "GET", "result=true", "", ""},
		{"empty result", "GET", "result=&session_token=@T", "", ""},
		{"result without value", "GET", "result&session_token=@T", "", ""},
		{"empty token", "GET", "result=true&session_token=", "", ""},
		{"result twice", "GET", "result=true&result=false&session_token=@T", "", ""},
		{"result twice alike", "GET", "result=true&result=true&session_token=@T", "", ""},
		{"result and empty", "GET", "result=true&result=&session_token=@T", "", ""},
		{"token twice", "GET", "result=true&session_token=@T&session_token=other", "", ""},
		{"token twice alike", "GET", "result=true&session_token=@T&session_token=@T", "", ""},
		{"name encoded", "GET", "result=true&res%75lt=false&session_token=@T", "", ""},
		{"TRUE", "GET", "result=TRUE&session_token=@T", "", ""},
		{"True", "GET", "result=True&session_token=@T", "", ""},
		{"1", "GET", "result=1&session_token=@T", "", ""},
		{"0", "GET", "result=0&session_token=@T", "", ""},
		{"yes", "GET", "result=yes&session_token=@T", "", ""},
		{"space behind", "GET", "result=true%20&session_token=@T", "", ""},
		{"plus behind", "GET", "result=true+&session_token=@T", "", ""},
		{"space in front", "GET", "result=%20true&session_token=@T", "", ""},
		{"NUL", "GET", "result=true%00&session_token=@T", "", ""},
		{"newline", "GET", "result=true%0a&session_token=@T", "", ""},
		{"quotes", "GET", "result=%22true%22&session_token=@T", "", ""},
		{"truefalse", "GET", "result=truefalse&session_token=@T", "", ""},
		{"list", "GET", "result=true,false&session_token=@T", "", ""},
		{"array", "GET", "result[]=true&session_token=@T", "", ""},
		{"other name", "GET", "Result=true&session_token=@T", "", ""},
		{"other token name", "GET", "result=true&Session_Token=T", "", ""},
		{"semicolon", "GET", "result=true;session_token=@T", "", ""},
		{"semicolons", "GET", "result=true&session_token=@T;x=y", "", ""},
		{"bad escape", "GET", "result=true&session_token=@T&x=%zz", "", ""},
		{"double escape", "GET", "result=%2574rue&session_token=@T", "", ""},

		{"form: no result", "POST", "", form, "session_token=@T"},
		{"form: no token", "POST", "", form, "result=true"},
		{"form: result twice", "POST", "", form, "result=true&result=false&session_token=@T"},
		{"form: token twice", "POST", "", form, "result=true&session_token=@T&session_token=@T"},
		{"form: TRUE", "POST", "", form, "result=TRUE&session_token=@T"},
		{"form: semicolon", "POST", "", form, "result=true;session_token=@T"},
		{"form: nothing", "POST", "", form, ""},
		{"form: JSON inside", "POST", "", form, `{"result":true,"session_token":"@T"}`},
		{"query and form disagree on result", "POST", "result=false", form, "result=true&session_token=@T"},
		{"query and form disagree on token", "POST", "session_token=other", form, "result=true&session_token=@T"},
		{"query and form disagree, whole", "POST", "result=false&session_token=@T", form, "result=true&session_token=@T"},
		{"query empty, form not", "POST", "result=&session_token=@T", form, "result=true&session_token=@T"},
		{"form empty, query not", "POST", "result=true&session_token=@T", form, "result=&session_token=@T"},
		{"query twice, form once", "POST", "result=true&result=true", form, "result=true&session_token=@T"},

		{"JSON: nothing", "POST", "", js, ""},
		{"JSON: null", "POST", "", js, "null"},
		{"JSON: a list", "POST", "", js, `[{"result":true,"session_token":"@T"}]`},
		{"JSON: a string", "POST", "", js, `"result=true&session_token=@T"`},
		{"JSON: duplicate result", "POST", "", js, `{"result":true,"result":false,"session_token":"@T"}`},
		{"JSON: duplicate alike", "POST", "", js, `{"result":true,"result":true,"session_token":"@T"}`},
		{"JSON: duplicate, one escaped", "POST", "", js, `{"result":true,"resul\u0074":false,"session_token":"@T"}`},
		{"JSON: duplicate token", "POST", "", js, `{"result":true,"session_token":"other","session_token":"@T"}`},
		{"JSON: name in capitals", "POST", "", js, `{"RESULT":true,"session_token":"@T"}`},
		{"JSON: no result", "POST", "", js, `{"session_token":"@T"}`},
		{"JSON: result null", "POST", "", js, `{"result":null,"session_token":"@T"}`},
		{"JSON: result 1", "POST", "", js, `{"result":1,"session_token":"@T"}`},
		{"JSON: result TRUE", "POST", "", js, `{"result":"TRUE","session_token":"@T"}`},
		{"JSON: result a list", "POST", "", js, `{"result":[true],"session_token":"@T"}`},
		{"JSON: token a list", "POST", "", js, `{"result":true,"session_token":["@T"]}`},
		{"JSON: token null", "POST", "", js, `{"result":true,"session_token":null}`},
		{"JSON: token true", "POST", "", js, `{"result":true,"session_token":""}`},
		{"JSON: nested", "POST", "", js, `{"data":{"result":true,"session_token":"@T"}}`},
		{"JSON: two objects", "POST", "", js, `{"result":true,"session_token":"@T"}{"result":false,"session_token":"@T"}`},
		{"JSON: text behind", "POST", "", js, `{"result":true,"session_token":"@T"} x`},
		{"JSON: cut off", "POST", "", js, `{"result":true,"session_token":"@T"`},
		{"JSON: comma", "POST", "", js, `{"result":true,"session_token":"@T",}`},
		{"JSON: form inside", "POST", "", js, "result=true&session_token=@T"},
		{"query and JSON disagree", "POST", "result=false", js, `{"result":true,"session_token":"@T"}`},
		{"query and JSON disagree on token", "POST", "session_token=other", js, `{"result":true,"session_token":"@T"}`},

		{"GET: form disagrees", "GET", "result=true&session_token=@T", form, "result=false&session_token=@T"},
		{"GET: JSON disagrees", "GET", "result=true&session_token=@T", js, `{"result":false,"session_token":"@T"}`},
		{"GET: body malformed", "GET", "result=true&session_token=@T", js, `{`},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, r := range []string{"true", "false"} {
				// Each row the other way round too: a rejection is a change as well.
				swap := strings.NewReplacer("@T", w.token, "true", r, "false", map[string]string{"true": "false", "false": "true"}[r])
				head := []string{"Content-Type", c.contentType}
				if c.contentType == "" {
					head = nil
				}
				a := s.Do(c.method, callback(app)+"?"+swap.Replace(c.query), swap.Replace(c.body), head...)
				a.Want(t, 400, r)
			}
		})
	}
	for _, c := range []struct {
		contentType, body string
		want              int
	}{
		{"text/plain", "result=true&session_token=@T", 415},
		{"", "result=true&session_token=@T", 415},
		{"multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"result\"\r\n\r\ntrue\r\n--x--", 415},
		{"application/xml", "<result>true</result>", 415},
		{";", "result=true&session_token=@T", 415},
		{form, "result=true&session_token=@T&pad=" + strings.Repeat("x", 4<<10), 413},
		{js, `{"result":true,"session_token":"@T"}` + strings.Repeat(" ", 4<<10), 413},
	} {
		a := s.Do("POST", callback(app), strings.ReplaceAll(c.body, "@T", w.token), "Content-Type", c.contentType)
		a.Want(t, c.want, "%.20s %.20q", c.contentType, c.body)
	}
	a := s.Do("POST", callback(app), "result=true&session_token="+w.token, "Content-Type", form, "Content-Type", js)
	a.Want(t, 415, "two content types")
	expect.Equal(t, spy.Changes(), 0, "changes")
	w.wantState(t, "at the end", "pending")
}

// What is meant in one way only is taken, however it is sent.
func TestPlainReports(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, method, query, contentType, body string }{
		{"query", "GET", "result=R&session_token=T", "", ""},
		{"query, more besides", "GET", "result=R&session_token=T&lang=en", "", ""},
		{"query, empty body of a type", "GET", "result=R&session_token=T", js, ""},
		{"query, by POST", "POST", "result=R&session_token=T", "", ""},
		{"query, by POST of a type", "POST", "result=R&session_token=T", "text/plain", ""},
		{"form", "POST", "", form, "result=R&session_token=T"},
		{"form with charset", "POST", "", form + "; charset=utf-8", "session_token=T&result=R"},
		{"JSON", "POST", "", js, `{"result":R,"session_token":"T"}`},
		{"JSON, string", "POST", "", js, `{"result":"R","session_token":"T"}`},
		{"JSON with charset", "POST", "", js + "; charset=utf-8", "\n{\"session_token\": \"T\", \"result\": R}\n"},
		{"both alike", "POST", "result=R&session_token=T", form, "result=R&session_token=T"},
		{"one each", "POST", "session_token=T", js, `{"result":R}`},
	} {
		for r, want := range map[string]string{"true": "approved", "false": "not_approved"} {
			t.Run(c.name+"/"+r, func(t *testing.T) {
				t.Parallel()
				app := apptest.New(t)
				w := wait(t, app, alice)
				fill := strings.NewReplacer("T", w.token, "R", r)
				head := []string{"Content-Type", c.contentType}
				if c.contentType == "" {
					head = nil
				}
				service(t, app).Do(c.method, callback(app)+"?"+fill.Replace(c.query), fill.Replace(c.body), head...).Want(t, 200)
				w.wantState(t, "after the report", want)
			})
		}
	}
}

func FuzzCallback(f *testing.F) {
	var h http.Handler
	app := apptest.New(f, apptest.Setup{Wrap: func(app *apptest.App, mux http.Handler) http.Handler {
		h = app.Sessions.LoadAndSave(app.Gate.Handler(mux))
		return h
	}})
	unwatched, kept := app.Store.Inner(), app.Records(f)
	const token = "T.0"
	sum := sha256.Sum256([]byte(token))
	id := base64.RawURLEncoding.EncodeToString(sum[:])
	// Not an account's live one, so that it is only the reports that move it.
	renew := func() {
		ch := records.Challenge{ID: id, UserID: "nobody", ExpiresAt: app.Clock.Now().Add(time.Minute), ForgetAt: app.Clock.Now()}
		if _, err := kept.DeleteExpired(context.Background(), app.Clock.Now(), 10); err != nil {
			f.Fatal(err)
		}
		if err := kept.CreateChallenge(context.Background(), ch); err != nil {
			f.Fatal(err)
		}
	}
	if err := kept.UpdateAccount(context.Background(), "nobody", func(*records.Account) error { return nil }); err != nil {
		f.Fatal(err)
	}
	renew()
	for _, s := range []struct{ query, contentType, body string }{
		{"result=true&session_token=T.0", "", ""},
		{"result=false&session_token=T.0", form, "result=false"},
		{"result=true&result=false&session_token=T.0", "", ""},
		{"", form, "result=true&session_token=T.0"},
		{"session_token=T.0", js, `{"result":true}`},
		{"", js, `{"result":true,"session_token":"T.0"}`},
		{"", js, `{"result":true,"result":false,"session_token":"T.0"}`},
		{"", js, `{"result":"true","session_token":"T.0"}{}`},
		{"", js + "; charset=utf-8", `{"session\u005ftoken":"T.0","result":"false","x":"y"}`},
		{"result=true;session_token=T.0", "text/plain", "x"},
	} {
		f.Add("GET", s.query, s.contentType, s.body)
		f.Add("POST", s.query, s.contentType, s.body)
	}
	f.Fuzz(func(t *testing.T, method, query, contentType, body string) {
		r := httptest.NewRequest("POST", callback(app), strings.NewReader(body))
		r.Method, r.URL.RawQuery = method, query
		r.Header.Set("Content-Type", contentType)
		app.Store.SetInner(unwatched)
		spy := app.Spy(t)
		approved, rejected := spy.Moves(records.Pending, records.Approved), spy.Moves(records.Pending, records.NotApproved)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		approved, rejected = spy.Moves(records.Pending, records.Approved)-approved, spy.Moves(records.Pending, records.NotApproved)-rejected
		if !slices.Contains([]int{200, 400, 405, 413, 415}, w.Code) {
			t.Errorf("got status %d", w.Code)
		}
		if approved+rejected == 0 {
			return
		}
		renew()
		expect.Equal(t, w.Code, 200, "status, and the state has changed")
		want := map[bool]string{true: "true", false: "false"}[approved == 1]
		results, tokens := said(query, contentType, body)
		for _, result := range results {
			expect.Equal(t, result, want, "it was taken as %s and says %q", want, results)
		}
		for _, s := range tokens {
			expect.Equal(t, s, token, "it was taken for %q and says %q", token, tokens)
		}
		if len(results) == 0 || len(tokens) == 0 || method != "GET" && method != "POST" {
			t.Errorf("it was taken by %s, and says %q and %q", method, results, tokens)
		}
	})
}

// said is every value that a report gives, by anybody's reading of it.
func said(query, contentType, body string) (results, tokens []string) {
	for _, s := range []string{query, body} {
		values, _ := url.ParseQuery(s)
		if s == body && strings.Contains(contentType, "json") {
			continue
		}
		results = append(results, values["result"]...)
		tokens = append(tokens, values["session_token"]...)
	}
	var object struct {
		Result any    `json:"result"`
		Token  string `json:"session_token"`
	}
	if json.Unmarshal([]byte(body), &object) == nil {
		if object.Result != nil {
			results = append(results, fmt.Sprint(object.Result))
		}
		if object.Token != "" {
			tokens = append(tokens, object.Token)
		}
	}
	return results, tokens
}
