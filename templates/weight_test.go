package templates_test

import (
	"io"
	"math"
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

// waitingWithEverything is such a challenge with all that an application can add, and with
// the menu of all languages.
func waitingWithEverything(lang templates.Language) templates.Challenge {
	c := waiting(lang)
	c.Page = withEverything(lang)
	c.PrivacyURL, c.LanguagePath = "https://acme.example/privacy", "/2fa/challenge"
	return c
}

// The page that waits comes whole, with its style and script, in one small answer. Letters
// that take three bytes make it larger, and so does each language in its menu.
func TestChallengeWeight(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	for _, lang := range p.Languages() {
		most := 21_800 + 100*len(p.Languages())
		if lang == templates.English {
			most -= 3_000
		}
		if n := len(render(t, p, waitingWithEverything(lang))); n > most {
			t.Errorf("%s: the page has %d bytes, want at most %d", lang, n, most)
		}
	}
}

// The page that waits is what is asked for most often.
func TestChallengeAllocations(t *testing.T) {
	const most = 380 // some 20 of them are the race detector's
	p := newPages(t)
	var view templates.View = waitingWithEverything(templates.English)
	best := math.Inf(1) // the race detector empties pools at random
	for range 20 {
		best = min(best, testing.AllocsPerRun(1, func() {
			if err := p.Render(io.Discard, view); err != nil {
				t.Error(err)
			}
		}))
	}
	if best > most {
		t.Errorf("the page is rendered with %v allocations, want at most %d", best, most)
	}
}
