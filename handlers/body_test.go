package handlers_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
)

// A body that two readers could take for two different things is refused, with the
// status, and by whatever route it comes.
var ambiguous = []struct {
	name, contentType, body string // @N is a field's name, @n the same in capitals, @V its value
	want                    int
}{
	{"twice", js, `{"@N":"@V","@N":"other"}`, 400},
	{"twice alike", js, `{"@N":"@V","@N":"@V"}`, 400},
	{"twice, one escaped", js, `{"@N":"@V","@E":"other"}`, 400},
	{"another letter case behind", js, `{"@N":"@V","@n":"other"}`, 400},
	{"another letter case in front", js, `{"@n":"other","@N":"@V"}`, 400},
	{"another letter case alone", js, `{"@n":"@V"}`, 400},
	{"another letter case, escaped", js, `{"@e":"other","@N":"@V"}`, 400},
	{"another twice", js, `{"@N":"@V","x":1,"x":2}`, 400},
	{"nested besides", js, `{"@N":"@V","x":{"@N":"other"}}`, 400},
	{"a list besides", js, `{"@N":"@V","x":["@N"]}`, 400},
	{"a list", js, `{"@N":["@V"]}`, 400},
	{"null", js, `{"@N":null}`, 400},
	{"a number", js, `{"@N":1}`, 400},
	{"a second object", js, `{"@N":"@V"}{"@N":"other"}`, 400},
	{"a byte order mark", js, "\uFEFF" + `{"@N":"@V"}`, 400},
	{"Latin-1 besides", js, `{"@N":"@V","x":"` + "\xe9" + `"}`, 400},
	{"blanks", js, "  ", 400},
	{"UTF-16", js + "; charset=utf-16", `{"@N":"@V"}`, 415},
	{"UTF-16, in fact", js, "@16", 400},
	{"UTF-7", js + "; charset=UTF-7", `{"@N":"@V"}`, 415},
	{"Latin-1", js + `; charset="ISO-8859-1"`, `{"@N":"@V"}`, 415},
	{"two charsets", js + "; charset=utf-8; charset=utf-16", `{"@N":"@V"}`, 415},
	{"form: twice", form, "@N=@V&@N=other", 400},
	{"form: twice alike", form, "@N=@V&@N=@V", 400},
	{"form: another letter case", form, "@N=@V&@n=other", 400},
	{"form: Latin-1 besides", form, "@N=@V&x=%E9", 400},
	{"form: a charset", form + "; charset=utf-16", "@N=@V", 415},
}

// fill puts a field into a body.
func fill(body, name, value string) string {
	escaped := func(s string) string { return strings.Replace(s, "e", `\u0065`, 1) }
	body = strings.ReplaceAll(body, "@16", "{\x00\"\x00")
	return strings.NewReplacer("@N", name, "@n", strings.ToUpper(name), "@V", value,
		"@E", escaped(name), "@e", strings.ToUpper(name[:1])+escaped(name[1:])).Replace(body)
}

func TestA52_AmbiguousReports(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	w := wait(t, app, alice)
	spy := app.Spy(t)
	s := service(t, app)
	for _, c := range ambiguous {
		for name, value := range map[string]string{"result": "true", "session_token": w.token} {
			query := map[string]string{"result": "session_token=" + w.token, "session_token": "result=true"}[name]
			a := s.Do("POST", callback(app)+"?"+query, fill(c.body, name, value), "Content-Type", c.contentType)
			a.Want(t, c.want, "%s, of %s", c.name, name)
		}
	}
	for name, body := range map[string]string{
		"Result":        `{"Result":true,"result":false,"session_token":"@T"}`,
		"Session_Token": `{"result":true,"session_token":"@T","Session_Token":"other"}`,
		"long s":        `{"result":true,"session_token":"@T","ſession_token":"other"}`,
	} {
		s.Do("POST", callback(app), strings.ReplaceAll(body, "@T", w.token), "Content-Type", js).Want(t, http.StatusBadRequest, name)
	}
	for _, query := range []string{"result=true&Result=false", "result=true&RESULT=true", "result=true&x=%ff"} {
		s.Do("GET", callback(app)+"?"+query+"&session_token="+w.token, "").Want(t, http.StatusBadRequest, "query %s", query)
	}
	expect.Equal(t, spy.Changes(), 0, "changes")
	w.wantState(t, "at the end", "pending")
	// The service may say more than it does today.
	body := `{"result":true,"session_token":"` + w.token + `","at":1700000000,"app":"x","Lang":null,"lang":true}`
	s.Do("POST", callback(app), body, "Content-Type", js).Want(t, http.StatusOK, "other fields besides")
	w.wantState(t, "after the report", "approved")
}

func TestA52_AmbiguousCodes(t *testing.T) {
	t.Parallel()
	refusesAmbiguousCodes(t, apptest.New(t))
}

// parsed has forms be read before they come to the gate, as checks of CSRF tokens do.
var parsed = apptest.Setup{Wrap: func(app *apptest.App, mux http.Handler) http.Handler {
	inner := app.Sessions.LoadAndSave(app.Gate.Handler(mux))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.PostFormValue("token")
		inner.ServeHTTP(w, r)
	})
}}

func TestA52_AmbiguousCodesThatWereRead(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, parsed)
	refusesAmbiguousCodes(t, app)
	b := app.Browser(t).Login(alice)
	b.Post("/2fa/challenge/totp", "code", strings.Repeat("0", 4<<10)).Want(t, http.StatusRequestEntityTooLarge, "a long form")
	app.Clock.Add(apptest.Step)
	b.Post("/2fa/challenge/totp", "code", apptest.Code(t, app.Emulator.Phone(alice)), "token", "x").Want(t, http.StatusSeeOther, "a form")
	b.WantIn("after the form")
}

func refusesAmbiguousCodes(t *testing.T, app *apptest.App) {
	t.Helper()
	phone := app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	code := apptest.Code(t, phone)
	writes := app.Store.Writes()
	for _, c := range ambiguous {
		a := b.Do("POST", "/2fa/challenge/totp", fill(c.body, "code", code), "Content-Type", c.contentType, "Accept", js)
		a.Want(t, c.want, c.name)
	}
	expect.Equal(t, app.Store.Writes()-writes, 0, "times the store was written to: no code was looked at")
	b.WantLocked("after the ambiguous bodies")
	if a := b.Do("POST", "/2fa/challenge/totp", `{"code":"`+code+`","x":1}`, "Content-Type", js+"; charset=UTF-8", "Accept", js); a.Status != http.StatusOK {
		t.Errorf("a plain body: got %d %s, want 200", a.Status, a.Body)
	}
}
