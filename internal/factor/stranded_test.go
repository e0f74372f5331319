package factor_test

import (
	"testing"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/factor"
)

// An approval that a request has used up, and that let nobody in, is taken by the
// session's next request; but by nobody else, and never besides.
func TestConsumeStranded(t *testing.T) {
	const timeout = 3 * time.Second
	type state struct {
		w      *world
		r      *factor.Rules
		s      factor.Session
		secret string // of the grant that didn't reach the session
	}
	for _, tt := range []struct {
		name  string
		after time.Duration
		then  func(t *testing.T, st *state)
		want  bool
	}{
		{"by the next request", timeout + 2*time.Second, nil, true},
		{"while the first may still be at it", timeout + 2*time.Second - 1, nil, false},
		{"at the challenge's end", 5 * time.Minute, nil, false},
		{"by a clock that was set back", -10 * time.Second, nil, false},
		{"after the session was unlocked", time.Minute, func(t *testing.T, st *state) {
			expect.NoError(t, st.r.Succeed(t.Context(), alice, st.s, "", factor.Entry{Secret: st.secret, Method: eagate.Push}, far))
		}, false},
		{"after a logout", time.Minute, func(t *testing.T, st *state) {
			expect.NoError(t, st.r.End(t.Context(), alice, st.s, far))
		}, false},
		{"after the grant was revoked", time.Minute, func(t *testing.T, st *state) {
			expect.NoError(t, st.r.Revoke(t.Context(), st.secret))
		}, false},
		{"by a session that no longer holds the token", time.Minute, func(_ *testing.T, st *state) { st.s.Token = "" }, false},
		{"by a session of another ID", time.Minute, func(_ *testing.T, st *state) { st.s.Binding = factor.Binding("renamed") }, false},
		{"after a newer challenge of the session", time.Minute, func(t *testing.T, st *state) { begun(t, st.r, alice, "s") }, false},
		{"after another enrolment", time.Minute, func(t *testing.T, st *state) { st.w.reEnrol(t, st.r) }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			st := &state{w: w, r: w.node(t, func(c *factor.Config) { c.StoreTimeout = timeout })}
			w.enrol(t, st.r, alice)
			st.s = begun(t, st.r, alice, "s")
			expect.Try(st.r.Decide(t.Context(), st.s.Token, true)).OrFail(t)
			var err error
			if st.secret, err = st.r.Consume(t.Context(), alice, st.s, far); err != nil || st.secret == "" {
				t.Fatalf("first: got grant %t, %v", st.secret != "", err)
			}
			w.clock.Add(tt.after)
			if tt.then != nil {
				tt.then(t, st)
			}
			second, err := st.r.Consume(t.Context(), alice, st.s, far)
			if err != nil || (second != "") != tt.want {
				t.Fatalf("got grant %t, %v, want %t", second != "", err, tt.want)
			}
			if tt.want {
				wantCheck(t, st.r, alice, second, factor.Verified, "the second grant")
				wantCheck(t, st.r, alice, st.secret, factor.Locked, "the first grant")
			}
		})
	}
}
