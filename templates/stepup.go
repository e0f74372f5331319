package templates

// stepUp returns the title and the text of a challenge that the user, who is
// signed in, is asked for once more; the arguments are those of a sign-in.
func (c Challenge) stepUp(title, lead Key) (Key, Key) {
	switch c.State {
	case ChallengeNone, ChallengePending:
		return "stepup.title", "stepup.text"
	case ChallengeApproved:
		return "stepup.approved.title", "stepup.approved.text"
	case ChallengeRejected:
		return "stepup.rejected.title", "stepup.rejected.text"
	case ChallengeElsewhere:
	case ChallengeNotApproved:
		if c.NoCode {
			return title, "stepup.failed.text"
		}
	case ChallengeExpired:
		if c.NoCode {
			return title, "stepup.expired.text"
		}
	}
	return title, lead
}

// again are the texts of a sign-in that read otherwise once the user is signed
// in.
var again = map[Key]Key{
	"challenge.account": "stepup.account",
	"challenge.open":    "stepup.open",
	"challenge.going":   "stepup.going",
	"code.submit":       "stepup.submit",
}

// Say is the text of a sign-in, or what is said in its place.
func (c challengeSheet) Say(key Key) Key {
	if other, ok := again[key]; ok && c.StepUp {
		return other
	}
	return key
}

// Refused reports whether the phone wouldn't do.
func (c challengeSheet) Refused() bool { return c.Push == PushRefused }
