package seldom_test

import (
	"testing"
	"time"

	"github.com/eagate/eagate/internal/seldom"
)

func TestSay(t *testing.T) {
	s, now := seldom.New[string](time.Minute), time.Unix(0, 0)
	for _, step := range []struct {
		name  string
		after time.Duration
		key   string
		more  int
		ok    bool
	}{
		{"first", 0, "a", 0, true},
		{"at once", 0, "a", 0, false},
		{"another", 0, "b", 0, true},
		{"just before", time.Minute - 1, "a", 0, false},
		{"a minute later", 1, "a", 2, true},
		{"again", time.Minute, "a", 0, true},
		{"the clock set back", -time.Hour, "a", 0, true},
		{"at once, then", 0, "a", 0, false},
	} {
		now = now.Add(step.after)
		if more, ok := s.Say(step.key, now); more != step.more || ok != step.ok {
			t.Errorf("%s: got %d, %v, want %d, %v", step.name, more, ok, step.more, step.ok)
		}
	}
}
