package emulator_test

import (
	"errors"
	"net/url"
	"testing"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/expect"
)

func TestServiceIsDown(t *testing.T) {
	s := start(t, emulator.Config{})
	c := s.Client(client.WithAttempts(1))
	for _, tt := range []struct {
		set, next string
		want      error
	}{{"true", "false", client.ErrUnavailable}, {"false", "true", nil}} {
		post(t, s.URL+"/phone/controls", url.Values{"down": {tt.set}})
		_, page := get(t, s.URL+"/phone")
		wantText(t, page, `aria-checked="`+tt.set+`" name="down" value="`+tt.next+`"`)
		if _, err := c.CreateSession(t.Context(), alice); !errors.Is(err, tt.want) {
			t.Errorf("down is %s: got %v, want %v", tt.set, err, tt.want)
		}
	}
	post(t, s.URL+"/phone/controls", url.Values{"down": {"true"}})
	s.Behave()
	session(t, s, alice)
}

func TestReportsAreLate(t *testing.T) {
	reported := make(chan string, 2)
	s := start(t, emulator.Config{CallbackURL: callback(t, reported)})
	post(t, s.URL+"/phone/controls", url.Values{"late": {"true"}})
	_, page := get(t, s.URL+"/phone")
	wantText(t, page, `aria-checked="true" name="late" value="false"`)
	session(t, s, alice)
	post(t, s.URL+"/phone/answer", url.Values{"request": {s.Requests()[0].ID}, "answer": {"deny"}})
	if len(s.Callbacks()) > 0 {
		t.Error("the report came at once")
	}
	post(t, s.URL+"/phone/controls", url.Values{"late": {"false"}})
	session(t, s, alice)
	expect.Try(s.Phone(alice).Approve(t.Context())).OrFail(t)
	expect.Equal(t, <-reported, "true", "first (the one that isn't late)")
}

func TestControlsAreStrict(t *testing.T) {
	s := start(t, emulator.Config{})
	for _, form := range []url.Values{
		{},
		{"down": {"yes"}},
		{"late": {""}},
		{"down": {"true"}, "late": {"true"}},
	} {
		if resp, _ := post(t, s.URL+"/phone/controls", form); resp.StatusCode != 400 {
			t.Errorf("%v: got %d, want 400", form, resp.StatusCode)
		}
	}
	session(t, s, alice) // it isn't down
}
