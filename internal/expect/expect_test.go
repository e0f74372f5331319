package expect_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/eagate/eagate/internal/expect"
)

// A recorder is a test that keeps why it failed.
type recorder struct {
	testing.TB
	said string
}

func (r *recorder) Helper() {}
func (r *recorder) Fatalf(format string, args ...any) {
	r.said = "fatal: " + fmt.Sprintf(format, args...)
}
func (r *recorder) Errorf(format string, args ...any) { r.said = fmt.Sprintf(format, args...) }

func TestFailures(t *testing.T) {
	one, other := errors.New("one"), errors.New("other")
	for _, c := range []struct {
		check func(t testing.TB)
		want  string
	}{
		{func(t testing.TB) { expect.NoError(t, nil) }, ""},
		{func(t testing.TB) { expect.NoError(t, one) }, "fatal: one"},
		{func(t testing.TB) { expect.Equal(t, expect.Try(1, nil).OrFail(t), 1) }, ""},
		{func(t testing.TB) { expect.Try(1, one).OrFail(t, "it") }, "fatal: it: one"},
		{func(t testing.TB) { expect.Equal(t, 1, 2, "%s %d", "no", 7) }, "no 7: got 1, want 2"},
		{func(t testing.TB) { expect.Equal(t, "a", "b") }, `got "a", want "b"`},
		{func(t testing.TB) { expect.Is(t, fmt.Errorf("so: %w", one), one) }, ""},
		{func(t testing.TB) { expect.Is(t, one, other, "it") }, "it: got the error one, want other"},
		{func(t testing.TB) { expect.Differ(t, 1, 2) }, ""},
		{func(t testing.TB) { expect.Differ(t, 1, 1) }, "got 1, want another"},
		{func(t testing.TB) { expect.Slice(t, []int{1}, []int{1}) }, ""},
		{func(t testing.TB) { expect.Slice(t, []int{1}, []int{1, 2}) }, "got [1], want [1 2]"},
		{func(t testing.TB) { expect.Contains(t, "abc", "bc") }, ""},
		{func(t testing.TB) { expect.Contains(t, "abc", "ba") }, "got\nabc\nwant \"ba\" in it"},
		{func(t testing.TB) { expect.Lacks(t, "abc", "ba") }, ""},
		{func(t testing.TB) { expect.Lacks(t, "abc", "bc") }, "got\nabc\nwant no \"bc\" in it"},
	} {
		r := new(recorder)
		if c.check(r); r.said != c.want {
			t.Errorf("got %q, want %q", r.said, c.want)
		}
	}
}
