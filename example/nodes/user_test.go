//go:build linux

package nodes_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/expect"
)

// A user is one of the demo's, with a phone.
type user struct {
	t     *testing.T
	id    string
	email string
	phone emulator.Account // whose codes are right
	used  int64            // the last time step whose code was typed
}

// newUsers returns the demo's users.
func newUsers(t *testing.T) []*user {
	var users []*user
	for i, name := range []string{"alice", "bob", "carol"} {
		users = append(users, &user{t: t, id: strconv.Itoa(i + 1), email: name + "@example.com"})
	}
	return users
}

const period = 30 * time.Second

// margin is longer than a code is on its way.
const margin = 5 * time.Second

// code returns a right code that wasn't typed before: the one of the former
// time step rather than the present one's, so that another is left.
func (u *user) code() string {
	u.t.Helper()
	for {
		now := time.Now()
		step := max(now.Add(margin).Unix()/int64(period/time.Second)-1, u.used+1)
		begins := time.Unix(step*int64(period/time.Second), 0)
		if !begins.After(now) {
			u.used = step
			return u.codeAt(begins)
		}
		select {
		case <-time.After(time.Until(begins)):
		case <-u.t.Context().Done():
			u.t.Fatal("the test is over")
		}
	}
}

func (u *user) codeAt(at time.Time) string {
	u.t.Helper()
	code := expect.Try(u.phone.Code(at)).OrFail(u.t)
	return code
}

// wrongCode is none that is right now, or will be soon.
func (u *user) wrongCode() string {
	u.t.Helper()
	right := make(map[string]bool)
	for _, d := range []time.Duration{-period, 0, period} {
		right[u.codeAt(time.Now().Add(d))] = true
	}
	for n := 0; ; n++ {
		if code := fmt.Sprintf("%06d", n); !right[code] {
			return code
		}
	}
}
