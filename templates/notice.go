package templates

import (
	"strings"
	"time"

	"github.com/eagate/eagate"
)

// notices are the texts of the events that users get a message about: the subject, what
// happened, and what to do if it was someone else.
var notices = map[eagate.EventKind]struct{ title, text, advice Key }{
	eagate.EventEnabled:      {"notice.enabled.title", "notice.enabled.text", "notice.notyou"},
	eagate.EventReplaced:     {"notice.replaced.title", "notice.replaced.text", "notice.notyou"},
	eagate.EventDisabled:     {"notice.disabled.title", "notice.disabled.text", "notice.notyou"},
	eagate.EventReset:        {"notice.reset.title", "notice.reset.text", "notice.reset.advice"},
	eagate.EventRecoveryUsed: {"notice.used.title", "notice.used.text", "notice.notyou"},
	eagate.EventRecoveryMade: {"notice.made.title", "notice.made.text", "notice.notyou"},
	eagate.EventDeviceAdded:  {"notice.device.title", "notice.device.text", "notice.notyou"},
	eagate.EventRejected:     {"notice.rejected.title", "notice.rejected.text", "notice.password"},
	eagate.EventPushPaused:   {"notice.pushed.title", "notice.pushed.text", "notice.password"},
	eagate.EventWrongCodes:   {"notice.wrong.title", "notice.wrong.text", "notice.password"},
	eagate.EventBlocked:      {"notice.blocked.title", "notice.blocked.text", "notice.password"},
	eagate.EventHeld:         {"held.title", "held.text", "notice.change"},
}

// Notice returns the subject, a single line, and the plain text of a message about an
// event of a user's second factor: what happened, and what to do if it was someone else.
// The issuer is the application's name. An unknown language, or none, is the default one.
// Both texts are empty for events without a notice.
func (p *Pages) Notice(lang Language, issuer string, e eagate.Event) (subject, text string) {
	keys, ok := notices[e.Kind]
	if !ok {
		return "", ""
	}
	if e.Kind == eagate.EventBlocked && e.Method == eagate.Recovery {
		keys.title, keys.text = "notice.recovery.title", "notice.recovery.text"
	}
	// New makes sure that every text exists.
	c := p.texts[p.known(lang)]
	say := func(key Key, pairs ...any) string {
		s, _ := c.format(key, pairs...)
		return s
	}
	at := func(t time.Time) phrase {
		s, _ := c.time(t)
		return s
	}
	lines := []string{say(keys.text, "issuer", issuer), ""}
	if e.Email != "" {
		lines = append(lines, say("notice.account", "email", e.Email))
	}
	lines = append(lines, say("notice.time", "time", at(e.At)))
	switch {
	case e.Kind == eagate.EventDeviceAdded:
		name := e.Device
		if name == "" {
			name = say("devices.unnamed")
		}
		lines = append(lines, say("notice.device.name", "device", name), say("notice.device.until", "time", at(e.Until)))
	case e.Kind == eagate.EventWrongCodes:
		lines = append(lines, say("notice.count", "n", e.Count))
	case e.Kind == eagate.EventRecoveryUsed:
		lines = append(lines, say("notice.left", "n", e.Left))
		if e.Left <= RecoveryFew {
			lines = append(lines, "", say("notice.few"))
		}
	}
	lines = append(lines, "", say(keys.advice, "issuer", issuer), "")
	title, _ := c.plain(keys.title)
	subject, _ = c.plain("page.title", "title", title, "issuer", issuer)
	return subject, strings.Join(lines, "\n")
}
