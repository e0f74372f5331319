package templates

import "html/template"

// A drawing is the picture above a page's heading: it says at a glance what the page is
// about, and nothing that the heading doesn't.
type drawing struct{ tone, path string }

// The tones of drawings.
const (
	calm  = ""
	good  = " good"
	grave = " grave"
)

// Lines of a pen of 2 on 24 by 24.
const (
	drawnCheck   = "M5 12.5l4.5 4.5L19 7.5"
	drawnClock   = "M12 7v5l3.5 2M21 12a9 9 0 1 1-18 0a9 9 0 0 1 18 0z"
	drawnCode    = "M3 6.5h18v11H3zM8 12h.01M12 12h.01M16 12h.01"
	drawnCross   = "M7 7l10 10M17 7L7 17"
	drawnInfo    = "M12 11v5.5M12 7.5h.01M21 12a9 9 0 1 1-18 0a9 9 0 0 1 18 0z"
	drawnLetter  = "M3 6h18v12H3zM3.5 7l8.5 6l8.5-6"
	drawnLock    = "M8 11V7.5a4 4 0 0 1 8 0V11M5 11h14v9H5z"
	drawnMissing = "M16.5 16.5L21 21M19 11a8 8 0 1 1-16 0a8 8 0 0 1 16 0z"
	drawnPhone   = "M8 2.5h8A1.5 1.5 0 0 1 17.5 4v16a1.5 1.5 0 0 1-1.5 1.5H8A1.5 1.5 0 0 1 6.5 20V4A1.5 1.5 0 0 1 8 2.5zM11 18h2"
	drawnShield  = "M12 3l7.5 2.5v6c0 4.5-3 8-7.5 9.5c-4.5-1.5-7.5-5-7.5-9.5v-6z"
	drawnSafe    = drawnShield + "M8.5 12l2.5 2.5l4.5-5"
	drawnTurning = "M19.5 10A8 8 0 0 0 5 8M5 4v4h4M4.5 14A8 8 0 0 0 19 16M19 20v-4h-4"
	drawnUser    = "M16 8a4 4 0 1 1-8 0a4 4 0 0 1 8 0zM4.5 20.5c1-4 4-5.5 7.5-5.5s6.5 1.5 7.5 5.5"
	drawnWarning = "M12 9.5v4.5M12 17h.01M12 3.5L2.5 20h19z"
	drawnWindow  = "M3 5h18v14H3zM3 9.5h18"
)

var (
	markApproved = drawing{good, drawnCheck}.svg()
	markBlocked  = drawing{grave, drawnLock}.svg()
	markCode     = drawing{calm, drawnCode}.svg()
	markElse     = drawing{calm, drawnWindow}.svg()
	markEnabled  = drawing{good, drawnSafe}.svg()
	markGone     = drawing{calm, drawnMissing}.svg()
	markLetter   = drawing{calm, drawnLetter}.svg()
	markMoment   = drawing{calm, drawnClock}.svg()
	markNotice   = drawing{calm, drawnInfo}.svg()
	markOff      = drawing{calm, drawnShield}.svg()
	markPhone    = drawing{calm, drawnPhone}.svg()
	markRejected = drawing{grave, drawnCross}.svg()
	markUser     = drawing{calm, drawnUser}.svg()
	markWaiting  = drawing{calm, drawnTurning}.svg()
	markWarning  = drawing{grave, drawnWarning}.svg()
)

func (d drawing) svg() template.HTML {
	return template.HTML(`<svg class="mark` + d.tone + `" viewBox="0 0 24 24" aria-hidden="true"><path d="` + d.path + `"/></svg>` + "\n")
}

// mark is that of a challenge, or empty where the number is what is looked at.
func (v *ChallengeSheet) mark() template.HTML {
	switch v.c.State {
	case ChallengeNone:
		if v.c.Push != PushReady {
			return markCode
		}
	case ChallengePending:
		if v.Hosted == nil {
			return ""
		}
	case ChallengeApproved:
		return markApproved
	case ChallengeRejected:
		return markRejected
	case ChallengeNotApproved, ChallengeExpired:
		return markMoment
	case ChallengeElsewhere:
		return markElse
	}
	return markPhone
}

// mark is that of a message of the kind.
func (k MessageKind) mark() template.HTML {
	switch k {
	case MessageUnavailable, MessageFormUnavailable, MessageOvertaken:
		return markWaiting
	case MessageSignIn, MessageOver:
		return markUser
	case MessageCrossSite:
		return markWarning
	case MessageNotFound:
		return markGone
	case MessageMethod, MessageBadRequest, MessageFormLocked, MessageFormStopped:
		return markNotice
	case MessageEnrolmentExpired, MessageReplacementExpired, MessageMadeOften, MessageGoOn:
		return markMoment
	case MessageNoAddress:
		return markLetter
	case MessageEnabled, MessageEnabledCodes, MessageRequired:
		return markEnabled
	case MessageDisabled:
		return markOff
	case MessageRejected:
		return markRejected
	case MessageHeld:
		return markBlocked
	case MessageEnrolFirst:
		return markPhone
	}
	return markWaiting
}
