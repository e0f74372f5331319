package templates_test

import (
	"regexp"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/templates"
)

var markAndHeading = regexp.MustCompile(`(?s)<main [^>]*>\s*(?:<svg class="mark([^"]*)" viewBox="0 0 24 24" aria-hidden="true"><path d="([^"]*)"/></svg>\s*)?<h1>`)

// The picture above the heading is that of the state: bad news never looks like good news,
// and beside a number there is none. Screen readers pass it over.
func TestMarks(t *testing.T) {
	t.Parallel()
	const good, grave, calm, none = " good", " grave", "", "none"
	challenge := func(c templates.Challenge) templates.View {
		c.Page = plainPage(templates.English)
		return c
	}
	message := func(kind templates.MessageKind) templates.View {
		return templates.Message{Page: plainPage(templates.English), Kind: kind}
	}
	wrong := templates.CodeForm{Error: templates.CodeBlocked}
	tests := []struct {
		name, tone, like string // like is the state that has the same picture, or its own name
		view             templates.View
	}{
		{"pending", none, "", challenge(templates.Challenge{State: templates.ChallengePending, Number: "70", ExpiresIn: time.Minute})},
		{"hosted", calm, "phone", challenge(templates.Challenge{State: templates.ChallengePending, Hosted: &templates.Hosted{URL: "https://service.example/"}, ExpiresIn: time.Minute})},
		{"nothing sent", calm, "phone", challenge(templates.Challenge{})},
		{"code only", calm, "code", challenge(templates.Challenge{Push: templates.PushUnavailable})},
		{"approved", good, "approved", challenge(templates.Challenge{State: templates.ChallengeApproved})},
		{"rejected", grave, "rejected", challenge(templates.Challenge{State: templates.ChallengeRejected})},
		{"not approved", calm, "moment", challenge(templates.Challenge{State: templates.ChallengeNotApproved})},
		{"expired", calm, "moment", challenge(templates.Challenge{State: templates.ChallengeExpired})},
		{"elsewhere", calm, "window", challenge(templates.Challenge{State: templates.ChallengeElsewhere})},
		{"codes blocked", grave, "lock", challenge(templates.Challenge{State: templates.ChallengePending, Number: "70", ExpiresIn: time.Minute, Code: wrong})},
		{"message: held", grave, "lock", message(templates.MessageHeld)},
		{"message: rejected", grave, "rejected", message(templates.MessageRejected)},
		{"message: cross-site", grave, "warning", message(templates.MessageCrossSite)},
		{"message: enabled", good, "enabled", message(templates.MessageEnabled)},
		{"message: disabled", calm, "off", message(templates.MessageDisabled)},
		{"message: unavailable", calm, "waiting", message(templates.MessageUnavailable)},
		{"message: sign in", calm, "user", message(templates.MessageSignIn)},
		{"message: enrol first", calm, "phone", message(templates.MessageEnrolFirst)},
	}
	p := newPages(t)
	drawn := make(map[string]string)  // paths by like
	likeOf := make(map[string]string) // and the other way
	for _, tt := range tests {
		m := markAndHeading.FindStringSubmatch(render(t, p, tt.view))
		if m == nil {
			t.Errorf("%s: got neither a picture nor nothing before the heading", tt.name)
			continue
		}
		if tt.tone == none {
			expect.Equal(t, m[2], "", "%s, a picture beside the number", tt.name)
			continue
		}
		if m[1] != tt.tone || m[2] == "" {
			t.Errorf("%s: got the tone %q of %q, want %q", tt.name, m[1], m[2], tt.tone)
		}
		if was, ok := drawn[tt.like]; ok && was != m[2] {
			t.Errorf("%s: got another picture than others of %q", tt.name, tt.like)
		}
		if like, ok := likeOf[m[2]]; ok && like != tt.like {
			t.Errorf("%s: got the picture of %q, want one of %q", tt.name, like, tt.like)
		}
		drawn[tt.like], likeOf[m[2]] = m[2], tt.like
	}
}
