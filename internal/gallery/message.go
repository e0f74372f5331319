package gallery

import (
	"strings"
	"time"

	"github.com/eagate/eagate/templates"
)

// messageKinds are all kinds of messages, and what each says.
var messageKinds = []struct {
	kind templates.MessageKind
	says string
}{
	{templates.MessageUnavailable, "something that the application needs fails"},
	{templates.MessageSignIn, "nobody is signed in"},
	{templates.MessageCrossSite, "the form came from another site"},
	{templates.MessageNotFound, "there is no such page"},
	{templates.MessageMethod, "the page doesn't have that method"},
	{templates.MessageBadRequest, "the request is invalid"},
	{templates.MessageEnrolmentExpired, "the QR code has expired"},
	{templates.MessageReplacementExpired, "another phone's QR code has expired"},
	{templates.MessageNoAddress, "the user has no e-mail address"},
	{templates.MessageEnabled, "switched on"},
	{templates.MessageEnabledCodes, "switched on for codes only"},
	{templates.MessageDisabled, "switched off"},
	{templates.MessageRejected, "rejected on the phone, and the sign-in has ended"},
	{templates.MessageOver, "switched off, and the sign-in has ended"},
	{templates.MessageHeld, "closed until the password has been changed"},
	{templates.MessageMadeOften, "recovery codes were made too often"},
	{templates.MessageRequired, "can't be switched off"},
	{templates.MessageEnrolFirst, "must be set up first"},
	{templates.MessageOvertaken, "the account has changed meanwhile"},
	{templates.MessageFormLocked, "a form was sent before the proof"},
	{templates.MessageFormStopped, "a form was sent before the set-up"},
	{templates.MessageGoOn, "the page continues by itself"},
	{templates.MessageFormUnavailable, "a form was sent, and something fails"},
}

func messages(page templates.Page) []Scene {
	var scenes []Scene
	for _, m := range messageKinds {
		scenes = append(scenes, Scene{"message", m.kind.String(), m.says, templates.Message{Page: page, Kind: m.kind}})
	}
	return append(scenes,
		Scene{"message", "unavailable-wait", "the same, and when to try again", templates.Message{Page: page, RetryIn: 30 * time.Second}},
		Scene{"message", "held-signed-in", "closed, and the user is signed in", templates.Message{Page: page, Kind: templates.MessageHeld, SignedIn: true}},
	)
}

// long are pages with names as long as they can be, and without any blank.
func long(page templates.Page) []Scene {
	page.Email = strings.Repeat("alice.", 10) + "alice@" + strings.Repeat("department.", 16) + "example.com"
	page.Issuer = strings.Repeat("Acme", 16)
	return []Scene{
		{"long", "challenge", "a very long address", pending(page)},
		{"long", "security", "a very long address", templates.Security{Page: page, State: templates.FactorOn, Since: at, NeedsCode: true, RecoveryLeft: 10}},
		{"long", "required", "a very long address", templates.Required{Page: page}},
		{"long", "devices", "a browser with a very long name", templates.Devices{Page: page, List: []templates.Device{
			{ID: "a", Name: strings.Repeat("Browser", 20), This: true, LastUsedAt: at, ExpiresAt: at},
		}}},
		{"long", "message", "a very long name", templates.Message{Page: page, Kind: templates.MessageHeld}},
	}
}
