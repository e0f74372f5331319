package emulator_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/expect"
)

func TestDelivery(t *testing.T) {
	const (
		form = "POST|application/x-www-form-urlencoded||result=RESULT&session_token=TOKEN"
		js   = `POST|application/json||{"result":RESULT,"session_token":"TOKEN"}`
		get  = "GET||result=RESULT&session_token=TOKEN|"
	)
	tests := []struct {
		name     string
		delivery emulator.Delivery
		shape    string
		results  string
	}{
		{"query", emulator.Delivery{}, get, "true"},
		{"form", emulator.Delivery{Encoding: emulator.Form}, form, "true"},
		{"JSON", emulator.Delivery{Encoding: emulator.JSON}, js, "true"},
		{"twice", emulator.Delivery{Repeat: 1}, get, "true true"},
		{"contradicting", emulator.Delivery{Contradict: true}, get, "true false"},
		{"twice and contradicting", emulator.Delivery{Encoding: emulator.JSON, Repeat: 1, Contradict: true}, js, "true true false"},
		{"late", emulator.Delivery{Delay: time.Millisecond}, get, "true"},
		{"at once", emulator.Delivery{Repeat: 4, Concurrent: true}, get, "true true true true true"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := startApp(t, 200)
			s := start(t, emulator.Config{Delivery: tt.delivery})
			s.SetCallbackURL(a.URL)
			token := session(t, s, alice)
			replies := expect.Try(s.Phone(alice).Approve(t.Context())).OrFail(t)
			var want []string
			for result := range strings.FieldsSeq(tt.results) {
				want = append(want, strings.NewReplacer("RESULT", result, "TOKEN", token).Replace(tt.shape))
			}
			expect.Equal(t, strings.Join(a.reports(), "\n"), strings.Join(want, "\n"))
			if len(replies) != len(want) || replies[0].Body != "thanks" || len(s.Callbacks()) != len(want) {
				t.Errorf("got %+v", replies)
			}
		})
	}
}

func TestDeliveryKeepsTheQuery(t *testing.T) {
	a := startApp(t, 200)
	s := start(t, emulator.Config{CallbackURL: a.URL + "/?k=v"})
	token := session(t, s, alice)
	expect.Try(s.Phone(alice).Approve(t.Context())).OrFail(t)
	expect.Equal(t, a.reports()[0], "GET||k=v&result=true&session_token="+token+"|")
}

func TestCallbackFollowsNoRedirect(t *testing.T) {
	a := startApp(t, 302)
	s := start(t, emulator.Config{CallbackURL: a.URL})
	session(t, s, alice)
	replies, err := s.Phone(alice).Approve(t.Context())
	if err != nil || replies[0].Status != 302 || len(a.reports()) != 1 {
		t.Errorf("got %+v, %v; %q", replies, err, a.reports())
	}
}

func TestCallbackFails(t *testing.T) {
	a := startApp(t, 200)
	a.Close()
	s := start(t, emulator.Config{CallbackURL: a.URL})
	token := session(t, s, alice)
	_, err := s.Phone(alice).Approve(t.Context())
	if err == nil || strings.Contains(err.Error(), token) {
		t.Errorf("got %v, want an error without the token", err)
	}
	if got := s.Callbacks(); len(got) != 1 || got[0].Err == nil {
		t.Errorf("got %+v", got)
	}
}

func TestNoCallbackURL(t *testing.T) {
	s := start(t, emulator.Config{})
	session(t, s, alice)
	if replies, err := s.Phone(alice).Approve(t.Context()); err != nil || replies != nil {
		t.Errorf("got %v, %v; want nothing", replies, err)
	}
	if _, err := s.Report(t.Context(), "x", true); err == nil {
		t.Error("Report: got no error, want one")
	}
}

func TestReport(t *testing.T) {
	a := startApp(t, 404)
	s := start(t, emulator.Config{CallbackURL: a.URL})
	reply, err := s.Report(t.Context(), "made up", true)
	if err != nil || reply.Status != 404 {
		t.Errorf("got %+v, %v", reply, err)
	}
	expect.Equal(t, a.reports()[0], "GET||result=true&session_token=made+up|")
}

func TestCloseEndsCallbacks(t *testing.T) {
	arrived := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	}))
	defer silent.Close()
	s := emulator.Start(emulator.Config{CallbackURL: silent.URL})
	session(t, s, alice)
	done := make(chan error)
	go func() {
		_, err := s.Phone(alice).Approve(context.Background())
		done <- err
	}()
	<-arrived
	s.Close()
	if err := <-done; err == nil {
		t.Error("got no error, want one")
	}
}
