package templates_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/templates"
)

// told are the events that users are told of.
var told = []eagate.Event{
	{Kind: eagate.EventEnabled}, {Kind: eagate.EventReplaced}, {Kind: eagate.EventDisabled}, {Kind: eagate.EventReset},
	{Kind: eagate.EventRecoveryUsed}, {Kind: eagate.EventRecoveryMade}, {Kind: eagate.EventDeviceAdded}, {Kind: eagate.EventRejected},
	{Kind: eagate.EventPushPaused}, {Kind: eagate.EventWrongCodes}, {Kind: eagate.EventBlocked},
	{Kind: eagate.EventBlocked, Method: eagate.Recovery}, {Kind: eagate.EventHeld},
}

func TestNotice(t *testing.T) {
	p := newPages(t)
	at := time.Date(2026, 3, 4, 10, 15, 0, 0, time.FixedZone("ICT", 7*60*60))
	subjects := make(map[string]bool)
	times := map[templates.Language]string{templates.English: "4 March 2026, 03:15 UTC", templates.Thai: "4 มีนาคม 2569 เวลา 03:15 UTC"}
	for _, lang := range []templates.Language{templates.English, templates.Thai} {
		for _, event := range told {
			kind := event.Kind
			subject, text := p.Notice(lang, "Acme", eagate.Event{
				Kind: kind, Method: event.Method, Email: "{issuer}@example.com", At: at, Left: 3, Count: 17, Device: "Firefox, Linux", Until: at.Add(time.Hour),
			})
			if subjects[subject] || !strings.HasSuffix(subject, " – Acme") || strings.ContainsAny(subject, "{}\r\n\u2068\u2069") {
				t.Errorf("%s %s: got the subject %q, want one line of its own", lang, kind, subject)
			}
			subjects[subject] = true
			if rest := strings.Replace(text, "{issuer}@example.com", "", 1); strings.ContainsAny(rest, "{}") || rest == text {
				t.Errorf("%s %s: want the address as it is, and no placeholder:\n%s", lang, kind, text)
			}
			if want := times[lang]; !strings.Contains(text, want) {
				t.Errorf("%s %s: want the time in UTC:\n%s", lang, kind, text)
			}
			for part, only := range map[string]eagate.EventKind{
				"Firefox, Linux": eagate.EventDeviceAdded, strings.Replace(times[lang], "03:15", "04:15", 1): eagate.EventDeviceAdded, ": 3\n": eagate.EventRecoveryUsed, ": 17\n": eagate.EventWrongCodes,
			} {
				expect.Equal(t, strings.Contains(text, part), kind == only, "%s %s: %q is for %s only", lang, kind, part, only)
			}
		}
	}
}

func TestNoticeOfFewCodes(t *testing.T) {
	p := newPages(t)
	for left, few := range map[int]bool{0: true, 3: true, 4: false} {
		_, text := p.Notice("", "Acme", eagate.Event{Kind: eagate.EventRecoveryUsed, Left: left})
		expect.Equal(t, strings.Contains(text, "Make new recovery codes"), few, "with %d left, a warning", left)
	}
}

// An unknown kind isn't told as something else.
func TestNoticeOfNothing(t *testing.T) {
	for _, kind := range []eagate.EventKind{0, eagate.EventApproved, eagate.EventWouldStop + 1} {
		if subject, text := newPages(t).Notice("", "Acme", eagate.Event{Kind: kind}); subject != "" || text != "" {
			t.Errorf("kind %v: got %q %q, want nothing", kind, subject, text)
		}
	}
}

func TestNoticeOfUnnamedDevice(t *testing.T) {
	if _, text := newPages(t).Notice("xx", "Acme", eagate.Event{Kind: eagate.EventDeviceAdded}); !strings.Contains(text, "Device: A device") {
		t.Errorf("it to be called something:\n%s", text)
	}
}

func ExamplePages_Notice() {
	pages, err := templates.New()
	if err != nil {
		panic(err)
	}
	subject, text := pages.Notice(templates.English, "Acme", eagate.Event{
		Kind: eagate.EventRecoveryUsed, Email: "alice@example.com", Left: 2,
		At: time.Date(2026, 3, 4, 10, 15, 0, 0, time.UTC),
	})
	fmt.Print(subject, "\n\n", text)
	// Output:
	// A recovery code was used – Acme
	//
	// One of your recovery codes was used in place of your phone. It won’t work again.
	//
	// Account: alice@example.com
	// Time: 4 March 2026, 10:15 UTC
	// Recovery codes left: 2
	//
	// Make new recovery codes before you run out of them.
	//
	// If this was you, there is nothing to do. If it wasn’t, somebody else can get into your account: change your password now, and ask Acme for help.
}
