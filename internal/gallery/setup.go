package gallery

import (
	"strings"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/templates"
)

func required(page templates.Page) []Scene {
	return []Scene{
		{"required", "now", "must be set up before anything else", templates.Required{Page: page}},
		{"required", "later", "must be set up until a date", templates.Required{Page: page, Due: at}},
	}
}

func security(page templates.Page) []Scene {
	on := templates.Security{
		Page: page, State: templates.FactorOn, Since: at, NeedsCode: true, RecoveryLeft: 10, HasDevices: true, Devices: 2,
		Proofs: []templates.Proof{{Method: eagate.Push, At: at.AddDate(0, 0, 3)}, {Method: eagate.Recovery, At: at.AddDate(0, 0, 1)}, {Method: eagate.TOTP, At: at}},
	}
	with := func(change func(*templates.Security)) templates.View {
		s := on
		change(&s)
		return s
	}
	return []Scene{
		{"security", "off", "off, and can be switched on", templates.Security{Page: page}},
		{"security", "pending", "set-up begun and not finished", templates.Security{Page: page, State: templates.FactorPending}},
		{"security", "required", "off, and required until a date", templates.Security{Page: page, Required: true, Due: at}},
		{"security", "no-address", "off, and the user has no e-mail address", templates.Security{Page: page, Push: templates.PushNoAddress}},
		{"security", "on", "on, and can be switched off by a code", on},
		{"security", "on-verified", "on, and can be switched off without a code", with(func(s *templates.Security) { s.NeedsCode = false })},
		{"security", "on-required", "on, and can't be switched off", with(func(s *templates.Security) { s.Required = true })},
		{"security", "on-late", "on, and the service doesn't know it yet", with(func(s *templates.Security) { s.LateSince = at })},
		{"security", "on-moved", "on, for a former e-mail address", with(func(s *templates.Security) { s.Push = templates.PushMoved })},
		{"security", "on-codes-only", "on, for codes only", with(func(s *templates.Security) { s.Push = templates.PushCodesOnly })},
		{"security", "on-few-codes", "on, with few recovery codes left", with(func(s *templates.Security) { s.RecoveryLeft = templates.RecoveryFew })},
		{"security", "on-no-codes", "on, with no recovery codes left", with(func(s *templates.Security) { s.RecoveryLeft = 0 })},
		{"security", "on-unkept", "on, with recovery codes that the user hasn't kept", with(func(s *templates.Security) { s.RecoveryUnkept = true })},
		{"security", "on-wrong-code", "the code to set up a new phone was wrong", with(func(s *templates.Security) { s.Code.Error = templates.CodeWrong })},
		{"security", "on-wrong-code-off", "the code to switch it off was wrong", with(func(s *templates.Security) {
			s.Code.Error, s.Disabling = templates.CodeWrong, true
		})},
		{"security", "on-wrong-recovery", "the recovery code to set up a new phone was wrong", with(func(s *templates.Security) {
			s.Code = templates.CodeForm{Error: templates.CodeWrong, ByRecovery: true, Typed: "ABCD-EFGH-JKMN-PQRS"}
		})},
		{"security", "on-blocked", "too many codes were wrong", with(func(s *templates.Security) { s.Code.Error, s.RecoveryLeft = templates.CodeBlocked, 0 })},
	}
}

func enable(page templates.Page) []Scene {
	first := templates.Enable{Page: page, Key: key(keyURI), ExpiresAt: at}
	with := func(change func(*templates.Enable)) templates.View {
		e := first
		change(&e)
		return e
	}
	return []Scene{
		{"enable", "first", "the QR code of the first phone", first},
		{"enable", "replaces", "the QR code of another phone", with(func(e *templates.Enable) { e.Replaces = true })},
		{"enable", "codes-only", "the QR code of a phone for codes only", with(func(e *templates.Enable) { e.CodesOnly = true })},
		{"enable", "no-qr", "a key that is too long for a QR code", with(func(e *templates.Enable) {
			e.Key = key(keyURI + "&note=" + strings.Repeat("x", 1<<10))
		})},
		{"enable", "eight-digits", "codes of eight digits", with(func(e *templates.Enable) { e.Code.Digits = 8 })},
		{"enable", "malformed", "the code had the wrong number of digits", with(func(e *templates.Enable) { e.Code.Error = templates.CodeMalformed })},
		{"enable", "wrong", "the code was wrong", with(func(e *templates.Enable) { e.Code.Error = templates.CodeWrong })},
		{"enable", "clock", "several codes were wrong: the phone's clock?", with(func(e *templates.Enable) {
			e.Code.Error, e.Code.CheckClock = templates.CodeWrong, true
		})},
		{"enable", "locked", "too many codes were wrong: later", with(func(e *templates.Enable) {
			e.Code.Error, e.Code.RetryIn = templates.CodeLocked, 90*time.Second
		})},
		{"enable", "blocked", "too many codes were wrong: ask for help", with(func(e *templates.Enable) { e.Code.Error = templates.CodeBlocked })},
	}
}

func recovery(page templates.Page) []Scene {
	codes := []string{
		"0123-4567-89AB-CDEF", "GHJK-MNPQ-RSTV-WXYZ", "7H2K-9QWE-RT5Y-8XCV", "4BNM-6SDF-GH3J-K2PQ", "Z9X8-C7V6-B5N4-M3A2",
		"P0Q9-W8E7-R6T5-Y4A3", "S2D1-F0G9-H8J7-K6M5", "N4B3-V2C1-X0Z9-A8S7", "D6F5-G4H3-J2K1-Q0W9", "E8R7-T6Y5-A4P3-S2D1",
	}
	return []Scene{
		{"recovery", "enabled", "switched on, with the first recovery codes", templates.Recovery{Page: page, Codes: codes, Set: "set", Left: 10, Enabled: true}},
		{"recovery", "enabled-codes-only", "switched on for codes only", templates.Recovery{Page: page, Codes: codes, Set: "set", Left: 10, Enabled: true, CodesOnly: true}},
		{"recovery", "new", "new recovery codes", templates.Recovery{Page: page, Codes: codes, Set: "set", Left: 10}},
		{"recovery", "making", "being made", templates.Recovery{Page: page, State: templates.RecoveryMaking}},
		{"recovery", "kept", "confirmed as kept", templates.Recovery{Page: page, Left: 10, State: templates.RecoveryKept, Attempt: "A"}},
		{"recovery", "unkept", "not confirmed as kept, and no longer shown", templates.Recovery{Page: page, Left: 10, State: templates.RecoveryUnkept, Attempt: "A"}},
		{"recovery", "left", "how many are left", templates.Recovery{Page: page, Left: 7, Attempt: "A", NeedsCode: true}},
		{"recovery", "few", "one is left", templates.Recovery{Page: page, Left: 1, Attempt: "A", NeedsCode: true}},
		{"recovery", "none", "none is left", templates.Recovery{Page: page, Attempt: "A"}},
		{"recovery", "wrong", "the code to make new ones was wrong", templates.Recovery{
			Page: page, Left: 7, Attempt: "A", NeedsCode: true, Code: templates.CodeForm{Error: templates.CodeWrong},
		}},
		{"recovery", "blocked", "too many codes were wrong", templates.Recovery{
			Page: page, Attempt: "A", NeedsCode: true, Code: templates.CodeForm{Error: templates.CodeBlocked},
		}},
	}
}

func devices(page templates.Page) []Scene {
	return []Scene{
		{"devices", "none", "no browser is trusted, and this one can be", templates.Devices{Page: page, Lifetime: 30 * 24 * time.Hour, CanTrust: true}},
		{"devices", "two", "two browsers are trusted", templates.Devices{Page: page, Lifetime: 30 * 24 * time.Hour, List: []templates.Device{
			{ID: "a", Name: "Firefox", LastUsedAt: at, ExpiresAt: at.AddDate(0, 1, 0)},
			{ID: "b", This: true, LastUsedAt: at, ExpiresAt: at.AddDate(0, 1, 0)},
		}}},
	}
}
