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
