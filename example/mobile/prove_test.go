package main_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	mobile "github.com/eagate/eagate/example/mobile"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
)

const alice = "alice@example.com"

// A keeper sends the session's cookie, and no other.
type keeper struct {
	mu      sync.Mutex
	session string
}

func (k *keeper) RoundTrip(r *http.Request) (*http.Response, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	r.AddCookie(&http.Cookie{Name: "session", Value: k.session})
	res, err := http.DefaultTransport.RoundTrip(r)
	if err == nil {
		for _, c := range res.Cookies() {
			if c.Name == "session" {
				k.session = c.Value
			}
		}
	}
	return res, err
}

func TestProve(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	phone := app.Enrolled(t, alice)
	k := &keeper{session: app.Browser(t).Login(alice).Cookie("session")}
	client := &http.Client{Transport: k}
	account := func() int {
		req := expect.Try(http.NewRequest(http.MethodGet, app.URL+"/account", nil)).OrFail(t)
		req.Header.Set("Accept", "application/json")
		res := expect.Try(client.Do(req)).OrFail(t)
		_ = res.Body.Close()
		return res.StatusCode
	}
	expect.Equal(t, account(), http.StatusForbidden, "before")
	err := mobile.Prove(client, app.URL+"/2fa", func(number string) {
		expect.Equal(t, number, phone.Pending()[0].Number, "number")
		apptest.Deny(t, phone)
	})
	if err == nil || !strings.Contains(err.Error(), "not_approved") {
		t.Errorf("denied: got %v, want not_approved", err)
	}
	expect.NoError(t, mobile.Prove(client, app.URL+"/2fa", func(string) { apptest.Approve(t, phone) }), "approved")
	expect.Equal(t, account(), http.StatusOK, "after")
}
