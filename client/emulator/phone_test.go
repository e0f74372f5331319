package emulator_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/expect"
)

func TestAnswers(t *testing.T) {
	tests := []struct {
		name   string
		answer func(context.Context, *emulator.Phone) ([]emulator.Reply, error)
		want   string
		state  emulator.RequestState
	}{
		{"approve", func(ctx context.Context, p *emulator.Phone) ([]emulator.Reply, error) { return p.Approve(ctx) }, "true", emulator.Approved},
		{"wrong number", func(ctx context.Context, p *emulator.Phone) ([]emulator.Reply, error) { return p.TapWrong(ctx) }, "false", emulator.Denied},
		{"deny", func(ctx context.Context, p *emulator.Phone) ([]emulator.Reply, error) { return p.Deny(ctx) }, "false", emulator.Denied},
		{"timed out", func(ctx context.Context, p *emulator.Phone) ([]emulator.Reply, error) { return p.TimeOut(ctx) }, "false", emulator.Expired},
		{"failed", func(ctx context.Context, p *emulator.Phone) ([]emulator.Reply, error) { return p.Fail(ctx) }, "false", emulator.Failed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := startApp(t, 204)
			s := start(t, emulator.Config{CallbackURL: a.URL + "/callback/x"})
			phone := s.Phone(alice)
			if _, err := tt.answer(t.Context(), phone); !errors.Is(err, emulator.ErrNoRequest) {
				t.Errorf("before: got %v, want ErrNoRequest", err)
			}
			token := session(t, s, alice)
			if _, err := tt.answer(t.Context(), s.Phone("bob@example.com")); !errors.Is(err, emulator.ErrNoRequest) {
				t.Errorf("another's phone: got %v, want ErrNoRequest", err)
			}
			replies, err := tt.answer(t.Context(), phone)
			if err != nil || len(replies) != 1 || replies[0].Status != 204 {
				t.Fatalf("got %+v, %v; want one reply", replies, err)
			}
			if got, want := a.reports(), []string{"GET||result=" + tt.want + "&session_token=" + token + "|"}; !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
			expect.Equal(t, s.Requests()[0].State, tt.state, "state")
			over := emulator.ErrAnswered
			if tt.state == emulator.Expired {
				over = emulator.ErrExpired
			}
			if _, err := phone.Approve(t.Context()); !errors.Is(err, over) {
				t.Errorf("again: got %v, want %v", err, over)
			}
			expect.Equal(t, len(a.reports()), 1, "reports")
		})
	}
}

func TestRequestHasTheNumber(t *testing.T) {
	s := start(t, emulator.Config{})
	number := expect.Try(s.Client().SecretNumber(t.Context(), session(t, s, alice))).OrFail(t)
	q, err := s.Phone(alice).Wait(t.Context())
	if err != nil || q.Number != number || q.Email != alice || len(number) != 2 {
		t.Errorf("got %+v, %v; want number %s", q, err, number)
	}
	if slices.Sort(q.Choices); len(slices.Compact(q.Choices)) != 3 || !slices.Contains(q.Choices, number) {
		t.Errorf("got choices %q, want 3 with %s", q.Choices, number)
	}
}

func TestNewestFirst(t *testing.T) {
	a := startApp(t, 200)
	s := start(t, emulator.Config{CallbackURL: a.URL})
	phone := s.Phone(alice)
	first, second := session(t, s, alice), session(t, s, alice)
	pending := phone.Pending()
	if len(pending) != 2 || pending[0].Token != first || pending[1].Token != second {
		t.Fatalf("got %+v", pending)
	}
	expect.Try(phone.Approve(t.Context())).OrFail(t)
	expect.Try(s.Tap(t.Context(), pending[0].ID, pending[0].Number)).OrFail(t)
	got := s.Callbacks()
	if len(got) != 2 || got[0].Token != second || got[1].Token != first || !got[1].Result {
		t.Errorf("got %+v", got)
	}
	if _, err := s.Deny(t.Context(), pending[0].ID); !errors.Is(err, emulator.ErrAnswered) {
		t.Errorf("got %v, want ErrAnswered", err)
	}
}

func TestExpiry(t *testing.T) {
	c := newClock()
	s := start(t, emulator.Config{Now: c.Now})
	token := session(t, s, alice)
	c.advance(5*time.Minute - 1)
	expect.Equal(t, len(s.Phone(alice).Pending()), 1, "waiting")
	c.advance(1)
	if _, err := s.Phone(alice).Approve(t.Context()); !errors.Is(err, emulator.ErrExpired) {
		t.Errorf("got %v, want ErrExpired", err)
	}
	if _, err := s.Client().SecretNumber(t.Context(), token); !errors.Is(err, client.ErrRefused) {
		t.Errorf("got %v, want ErrRefused", err)
	}
}

func TestWait(t *testing.T) {
	s := start(t, emulator.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Phone(alice).Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	got := make(chan error)
	go func() {
		_, err := s.Phone(alice).Wait(t.Context())
		got <- err
	}()
	session(t, s, "bob@example.com")
	session(t, s, alice)
	expect.NoError(t, <-got)
}

func TestCode(t *testing.T) {
	c := newClock()
	s := start(t, emulator.Config{Now: c.Now})
	phone := s.Phone("a")
	if _, err := phone.Code(); !errors.Is(err, emulator.ErrNoAccount) {
		t.Errorf("got %v, want ErrNoAccount", err)
	}
	// RFC 6238 appendix B.
	vector := "otpauth://totp/RFC:a?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=RFC&algorithm=SHA1&digits=8&period=30&client_id=" + clientID + "&email=a"
	expect.NoError(t, phone.AddAccount(vector))
	for seconds, want := range map[int64]string{59: "94287082", 1111111109: "07081804", 20000000000: "65353130"} {
		expect.Equal(t, expect.Try(phone.CodeAt(time.Unix(seconds, 0))).OrFail(t), want, "at %d", seconds)
	}
	now, err := phone.Code()
	if at, _ := phone.CodeAt(c.Now()); err != nil || now != at {
		t.Errorf("got %s, %v; want %s", now, err, at)
	}
}

func TestAddAccount(t *testing.T) {
	s := start(t, emulator.Config{})
	if err := s.Phone("bob@example.com").AddAccount(uri); err == nil {
		t.Error("another user's: got no error")
	}
	if err := s.Phone(alice).AddAccount(strings.Replace(uri, clientID, "other", 1)); err == nil {
		t.Error("another application's: got no error")
	}
	next := strings.Replace(uri, totpKey, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", 1)
	for _, u := range []string{uri, next} {
		expect.NoError(t, s.Phone(alice).AddAccount(u))
	}
	if got := s.Accounts(); len(got) != 1 || got[0].Secret == totpKey {
		t.Errorf("got %+v, want the newer one only", got)
	}
}
