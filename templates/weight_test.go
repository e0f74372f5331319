package templates_test

import (
	"io"
	"testing"
	"time"

	"github.com/eagate/eagate/templates"
)

// waiting is a challenge that waits, with all that a user usually has.
func waiting(lang templates.Language) templates.Challenge {
	return templates.Challenge{
		Page: plainPage(lang), State: templates.ChallengePending, Number: "70", ExpiresIn: time.Minute,
		HasRecovery: true, TrustFor: 30 * 24 * time.Hour,
	}
}

// The page that waits comes whole, with its style and script, in one small answer: each
// language of the menu adds to that.
func TestChallengeWeight(t *testing.T) {
	t.Parallel()
	const most = 21 << 10
	if n := len(render(t, newPages(t, templates.WithLanguages(templates.English)), waiting(templates.English))); n > most {
		t.Errorf("the page has %d bytes, want at most %d", n, most)
	}
}

// The page that waits is what is asked for most often.
func TestChallengeAllocations(t *testing.T) {
	const most = 330
	p := newPages(t, templates.WithLanguages(templates.English))
	var view templates.View = waiting(templates.English)
	n := testing.AllocsPerRun(20, func() {
		if err := p.Render(io.Discard, view); err != nil {
			t.Error(err)
		}
	})
	if n > most {
		t.Errorf("the page is rendered with %v allocations, want at most %d", n, most)
	}
}
