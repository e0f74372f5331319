package emulator_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/expect"
)

func TestAPIIsStrict(t *testing.T) {
	const (
		create = `{"email":"` + alice + `","client_id":"` + clientID + `"}`
		enable = `{"client_id":"` + clientID + `","email":"` + alice + `","action":"ENABLE","secret":"` + totpKey + `","type":"TOTP","algorithm":"SHA1","digits":6,"period":30}`
		off    = `{"client_id":"` + clientID + `","email":"` + alice + `","action":"DISABLE"}`
		toldof = `{"client_id":"` + clientID + `","email":"` + alice + `","action":"DISABLE","secret":"` + totpKey + `"}`
	)
	tests := []struct {
		name, method, path, body string
		header                   string // "Name: value", replacing the usual one
		want                     int
	}{
		{"create", "POST", "/session-token", create, "", 200},
		{"charset", "POST", "/session-token", create, "Content-Type: application/json; charset=utf-8", 200},
		{"no key", "POST", "/session-token", create, "X-API-Key: ", 401},
		{"wrong key", "POST", "/session-token", create, "X-API-Key: " + apiKey + "x", 401},
		{"key in other letters", "POST", "/session-token", create, "X-API-Key: " + strings.ToUpper(apiKey), 401},
		{"form", "POST", "/session-token", create, "Content-Type: application/x-www-form-urlencoded", 400},
		{"no content type", "POST", "/session-token", create, "Content-Type: ", 400},
		{"GET", "GET", "/session-token", "", "", 405},
		{"query", "POST", "/session-token?x=y", create, "", 400},
		{"unknown path", "POST", "/session-tokens", create, "", 404},
		{"path with slash", "POST", "/session-token/", create, "", 404},
		{"the base", "GET", "/", "", "", 404},
		{"no body", "POST", "/session-token", "", "", 400},
		{"no object", "POST", "/session-token", `[]`, "", 400},
		{"truncated", "POST", "/session-token", create[:len(create)-1], "", 400},
		{"more behind it", "POST", "/session-token", create + create, "", 400},
		{"no e-mail", "POST", "/session-token", `{"client_id":"` + clientID + `"}`, "", 400},
		{"empty e-mail", "POST", "/session-token", strings.Replace(create, alice, "", 1), "", 400},
		{"e-mail a number", "POST", "/session-token", strings.Replace(create, `"`+alice+`"`, "1", 1), "", 400},
		{"e-mail null", "POST", "/session-token", strings.Replace(create, `"`+alice+`"`, "null", 1), "", 400},
		{"e-mail an object", "POST", "/session-token", strings.Replace(create, `"`+alice+`"`, `{"a":"b"}`, 1), "", 400},
		{"e-mail twice, one escaped", "POST", "/session-token", strings.Replace(create, "{", `{"\u0065mail":"x",`, 1), "", 400},
		{"a byte order mark", "POST", "/session-token", "\uFEFF" + create, "", 400},
		{"Latin-1", "POST", "/session-token", strings.Replace(create, alice, "ren\xe9@example.com", 1), "", 400},
		{"another charset", "POST", "/session-token", create, "Content-Type: application/json; charset=utf-16", 400},
		{"e-mail twice", "POST", "/session-token", strings.Replace(create, "{", `{"email":"x",`, 1), "", 400},
		{"unknown field", "POST", "/session-token", strings.Replace(create, "{", `{"x":"y",`, 1), "", 400},
		{"other application", "POST", "/session-token", strings.Replace(create, clientID, "other", 1), "", 400},
		{"too long", "POST", "/session-token", create + strings.Repeat(" ", 64<<10), "", 413},
		{"unknown token", "GET", "/secret-number", "", "X-Session-Token: x", 404},
		{"no token", "GET", "/secret-number", "", "", 400},
		{"number by POST", "POST", "/secret-number", "", "X-Session-Token: x", 405},
		{"enable", "POST", "/mfa/toggle", enable, "", 200},
		{"enable without type", "POST", "/mfa/toggle", strings.Replace(enable, `"type":"TOTP",`, "", 1), "", 400},
		{"enable HOTP", "POST", "/mfa/toggle", strings.Replace(enable, `"TOTP"`, `"HOTP"`, 1), "", 400},
		{"enable MD5", "POST", "/mfa/toggle", strings.Replace(enable, "SHA1", "MD5", 1), "", 400},
		{"digits a string", "POST", "/mfa/toggle", strings.Replace(enable, `:6`, `:"6"`, 1), "", 400},
		{"digits a fraction", "POST", "/mfa/toggle", strings.Replace(enable, `:6`, `:6.0`, 1), "", 400},
		{"5 digits", "POST", "/mfa/toggle", strings.Replace(enable, `:6`, `:5`, 1), "", 400},
		{"no period", "POST", "/mfa/toggle", strings.Replace(enable, `,"period":30`, "", 1), "", 400},
		{"padded secret", "POST", "/mfa/toggle", strings.Replace(enable, totpKey, totpKey+"====", 1), "", 400},
		{"lower-case secret", "POST", "/mfa/toggle", strings.Replace(enable, totpKey, strings.ToLower(totpKey), 1), "", 400},
		{"short secret", "POST", "/mfa/toggle", strings.Replace(enable, totpKey, "JBSWY3DP", 1), "", 400},
		{"other action", "POST", "/mfa/toggle", strings.Replace(enable, "ENABLE", "enable", 1), "", 400},
		{"disable", "POST", "/mfa/toggle", off, "", 200},
		{"disable with secret", "POST", "/mfa/toggle", toldof, "", 400},
	}
	s := start(t, emulator.Config{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req, err := http.NewRequest(tt.method, s.URL+emulator.APIPath+tt.path, strings.NewReader(tt.body))
			expect.NoError(t, err)
			req.Header.Set("X-API-Key", apiKey)
			if tt.method == "POST" {
				req.Header.Set("Content-Type", "application/json")
			}
			if name, value, ok := strings.Cut(tt.header, ": "); ok {
				req.Header.Set(name, value)
			}
			resp := expect.Try(http.DefaultClient.Do(req)).OrFail(t)
			var envelope struct{ Code, Message string }
			expect.NoError(t, json.Unmarshal([]byte(text(t, resp)), &envelope), "the answer is no envelope")
			if resp.StatusCode != tt.want || (envelope.Code == "SUCCESS") != (tt.want == 200) {
				t.Errorf("got %d %q %q, want %d", resp.StatusCode, envelope.Code, envelope.Message, tt.want)
			}
			calls := s.Calls()
			last := calls[len(calls)-1]
			if last.Status != tt.want || last.Code != envelope.Code || last.Method != tt.method || len(last.Body) > len(tt.body) {
				t.Errorf("got record %+v", last)
			}
		})
	}
}

func TestDuplicateKeyHeader(t *testing.T) {
	s := start(t, emulator.Config{})
	req, _ := http.NewRequest("GET", s.URL+emulator.APIPath+"/secret-number", nil)
	req.Header["X-Api-Key"] = []string{apiKey, "other"}
	resp := expect.Try(http.DefaultClient.Do(req)).OrFail(t)
	if text(t, resp); resp.StatusCode != 401 {
		t.Errorf("got %d, want 401", resp.StatusCode)
	}
}

func TestStatusIsKept(t *testing.T) {
	for _, withSecret := range []bool{false, true} {
		s := start(t, emulator.Config{SecretOnDisable: withSecret})
		var opts []client.Option
		if withSecret {
			opts = append(opts, client.WithSecretOnDisable())
		}
		c := s.Client(opts...)
		if _, ok := s.Status(alice); ok {
			t.Error("got a status from the start, want none")
		}
		on := client.Status{Email: alice, Enabled: true, Secret: totpKey, Algorithm: "SHA256", Digits: 8, Period: time.Minute}
		expect.NoError(t, c.SyncStatus(t.Context(), on))
		got, _ := s.Status(alice)
		got.ChangedAt = time.Time{}
		if want := (emulator.User{Email: alice, Enabled: true, Secret: totpKey, Algorithm: "SHA256", Digits: 8, Period: 60}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		on.Enabled = false
		expect.NoError(t, c.SyncStatus(t.Context(), on))
		if users := s.Users(); len(users) != 1 || users[0].Enabled {
			t.Errorf("got %+v, want one user, disabled", users)
		}
		expect.Equal(t, len(s.Calls(emulator.SyncStatus)), 2, "calls")
		expect.Equal(t, len(s.Calls(emulator.CreateSession, emulator.SecretNumber)), 0, "other calls")
	}
}

func TestInactive(t *testing.T) {
	s := start(t, emulator.Config{})
	c := s.Client()
	token := session(t, s, alice)

	s.SetPush(alice, false)
	if _, err := c.CreateSession(t.Context(), alice); !errors.Is(err, client.ErrInactive) {
		t.Errorf("without push: got %v, want ErrInactive", err)
	}
	expect.Try(c.CreateSession(t.Context(), "bob@example.com")).OrFail(t, "another user")
	s.SetPush(alice, true)
	session(t, s, alice)

	s.SetActive(false)
	if _, err := c.CreateSession(t.Context(), alice); !errors.Is(err, client.ErrInactive) {
		t.Errorf("create: got %v, want ErrInactive", err)
	}
	if _, err := c.SecretNumber(t.Context(), token); !errors.Is(err, client.ErrInactive) {
		t.Errorf("number: got %v, want ErrInactive", err)
	}
	expect.Is(t, c.SyncStatus(t.Context(), client.Status{Email: alice}), client.ErrInactive, "sync")
	s.SetActive(true)
	session(t, s, alice)
}

func TestRequireAccount(t *testing.T) {
	s := start(t, emulator.Config{RequireAccount: true})
	if _, err := s.Client().CreateSession(t.Context(), alice); !errors.Is(err, client.ErrInactive) {
		t.Errorf("got %v, want ErrInactive", err)
	}
	expect.NoError(t, s.Phone(alice).AddAccount(uri))
	session(t, s, alice)
}

func TestMadeUpCredentials(t *testing.T) {
	a, b := emulator.New(emulator.Config{}), emulator.New(emulator.Config{})
	defer a.Close()
	defer b.Close()
	if a.ClientID() == b.ClientID() || a.APIKey() == b.APIKey() || len(a.ClientID()) != 36 {
		t.Errorf("got %q and %q", a.ClientID(), b.ClientID())
	}
}
