package templates

import (
	"strings"
	"time"
)

// A Notice is a message in plain text, for an e-mail say: it tells a user what has
// happened to the second factor, and what to do if somebody else did it.
type Notice struct {
	Kind   NoticeKind
	Issuer string    // the application's name
	Email  string    // whose second factor it is, or empty
	At     time.Time // when it happened
	Left   int       // of NoticeRecoveryUsed: how many codes are left
	Count  int       // of NoticeWrongCodes: how many
	Device string    // of NoticeDeviceAdded: its name, or empty
	Until  time.Time // of NoticeDeviceAdded: for how long
}

// NoticeKind is what a notice tells.
type NoticeKind uint8

const (
	NoticeEnabled         NoticeKind = iota + 1 // the second factor was switched on
	NoticeReplaced                              // another phone, or another secret, took its place
	NoticeDisabled                              // it was switched off
	NoticeReset                                 // it was switched off by an administrator
	NoticeRecoveryUsed                          // a recovery code was used up
	NoticeRecoveryMade                          // new recovery codes took the place of the old ones
	NoticeDeviceAdded                           // a browser is trusted from now on
	NoticeRejected                              // a sign-in was rejected on the phone
	NoticePushPaused                            // requests in a row weren't approved, and none is sent for a while
	NoticeWrongCodes                            // wrong codes were typed
	NoticeBlocked                               // so many that none is looked at any more
	NoticeRecoveryBlocked                       // the same of recovery codes
	NoticeHeld                                  // the account is closed until the password has been changed
)

// keys returns the texts of the subject, of what has happened, and of what to do; or
// none, for an unknown kind.
func (k NoticeKind) keys() (title, text, advice Key) {
	switch k {
	case NoticeEnabled:
		return "notice.enabled.title", "notice.enabled.text", "notice.notyou"
	case NoticeReplaced:
		return "notice.replaced.title", "notice.replaced.text", "notice.notyou"
	case NoticeDisabled:
		return "notice.disabled.title", "notice.disabled.text", "notice.notyou"
	case NoticeReset:
		return "notice.reset.title", "notice.reset.text", "notice.reset.advice"
	case NoticeRecoveryUsed:
		return "notice.used.title", "notice.used.text", "notice.notyou"
	case NoticeRecoveryMade:
		return "notice.made.title", "notice.made.text", "notice.notyou"
	case NoticeDeviceAdded:
		return "notice.device.title", "notice.device.text", "notice.notyou"
	case NoticeRejected:
		return "notice.rejected.title", "notice.rejected.text", "notice.password"
	case NoticePushPaused:
		return "notice.pushed.title", "notice.pushed.text", "notice.password"
	case NoticeWrongCodes:
		return "notice.wrong.title", "notice.wrong.text", "notice.password"
	case NoticeBlocked:
		return "notice.blocked.title", "notice.blocked.text", "notice.password"
	case NoticeRecoveryBlocked:
		return "notice.recovery.title", "notice.recovery.text", "notice.password"
	case NoticeHeld:
		return "held.title", "held.text", "notice.change"
	}
	return "", "", ""
}

// Notice returns the subject, a single line, and the text of a notice. A language
// that the pages don't have, and none, is the default one. An unknown kind has no
// texts.
func (p *Pages) Notice(lang Language, n Notice) (subject, text string) {
	// New has seen to it that there is every text.
	say := func(key Key, pairs ...any) string {
		s, _ := p.texts[p.known(lang)].format(key, pairs...)
		return s
	}
	title, what, advice := n.Kind.keys()
	if title == "" {
		return "", ""
	}
	lines := []string{say(what, "issuer", n.Issuer), ""}
	if n.Email != "" {
		lines = append(lines, say("notice.account", "email", n.Email))
	}
	lines = append(lines, say("notice.time", "time", utc(n.At)))
	switch n.Kind {
	case NoticeDeviceAdded:
		name := n.Device
		if name == "" {
			name = say("devices.unnamed")
		}
		lines = append(lines, say("notice.device.name", "device", name), say("notice.device.until", "time", utc(n.Until)))
	case NoticeWrongCodes:
		lines = append(lines, say("notice.count", "n", n.Count))
	case NoticeRecoveryUsed:
		lines = append(lines, say("notice.left", "n", n.Left))
		if n.Left <= RecoveryFew {
			lines = append(lines, "", say("notice.few"))
		}
	case NoticeEnabled, NoticeReplaced, NoticeDisabled, NoticeReset, NoticeRecoveryMade, NoticeRejected,
		NoticePushPaused, NoticeBlocked, NoticeRecoveryBlocked, NoticeHeld:
	}
	lines = append(lines, "", say(advice, "issuer", n.Issuer), "")
	subject = say("page.title", "title", say(title), "issuer", n.Issuer)
	return isolates.Replace(subject), strings.Join(lines, "\n")
}

// isolates takes away what isolate has added: lists of mail may show it.
var isolates = strings.NewReplacer("\u2068", "", "\u2069", "")
