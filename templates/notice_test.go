package templates_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate/templates"
)

func TestNotice(t *testing.T) {
	p := newPages(t)
	at := time.Date(2026, 3, 4, 10, 15, 0, 0, time.FixedZone("ICT", 7*60*60))
	subjects := make(map[string]bool)
	for _, lang := range []templates.Language{templates.English, templates.Thai} {
		for kind := templates.NoticeEnabled; kind <= templates.NoticeHeld; kind++ {
			subject, text := p.Notice(lang, templates.Notice{
				Kind: kind, Issuer: "Acme", Email: "{issuer}@example.com", At: at, Left: 3, Count: 17, Device: "Firefox, Linux", Until: at.Add(time.Hour),
			})
			if subjects[subject] || !strings.HasSuffix(subject, " – Acme") || strings.ContainsAny(subject, "{}\r\n\u2068\u2069") {
				t.Errorf("%s %d: got the subject %q, want one line of its own", lang, kind, subject)
			}
			subjects[subject] = true
			if rest := strings.Replace(text, "{issuer}@example.com", "", 1); strings.ContainsAny(rest, "{}") || rest == text {
				t.Errorf("%s %d: want the address as it is, and no placeholder:\n%s", lang, kind, text)
			}
			if !strings.Contains(text, "2026-03-04 03:15 UTC") {
				t.Errorf("%s %d: want the time in UTC:\n%s", lang, kind, text)
			}
			for part, only := range map[string]templates.NoticeKind{
				"Firefox, Linux": templates.NoticeDeviceAdded, "2026-03-04 04:15 UTC": templates.NoticeDeviceAdded, ": 3\n": templates.NoticeRecoveryUsed, ": 17\n": templates.NoticeWrongCodes,
			} {
				if strings.Contains(text, part) != (kind == only) {
					t.Errorf("%s %d: %q is for kind %d only:\n%s", lang, kind, part, only, text)
				}
			}
		}
	}
}

func TestNoticeOfFewCodes(t *testing.T) {
	p := newPages(t)
	for left, few := range map[int]bool{0: true, 3: true, 4: false} {
		_, text := p.Notice("", templates.Notice{Kind: templates.NoticeRecoveryUsed, Left: left})
		if got := strings.Contains(text, "Make new recovery codes"); got != few {
			t.Errorf("with %d left: got a warning %t, want %t", left, got, few)
		}
	}
}

// An unknown kind isn't told as something else.
func TestNoticeOfNothing(t *testing.T) {
	for _, kind := range []templates.NoticeKind{0, templates.NoticeHeld + 1} {
		if subject, text := newPages(t).Notice("", templates.Notice{Kind: kind}); subject != "" || text != "" {
			t.Errorf("kind %d: got %q %q, want nothing", kind, subject, text)
		}
	}
}

func TestNoticeOfUnnamedDevice(t *testing.T) {
	if _, text := newPages(t).Notice("xx", templates.Notice{Kind: templates.NoticeDeviceAdded}); !strings.Contains(text, "Device: A device") {
		t.Errorf("want it to be called something:\n%s", text)
	}
}

func ExamplePages_Notice() {
	pages, err := templates.New()
	if err != nil {
		panic(err)
	}
	subject, text := pages.Notice(templates.English, templates.Notice{
		Kind: templates.NoticeRecoveryUsed, Issuer: "Acme", Email: "alice@example.com", Left: 2,
		At: time.Date(2026, 3, 4, 10, 15, 0, 0, time.UTC),
	})
	fmt.Print(subject, "\n\n", text)
	// Output:
	// A recovery code was used – Acme
	//
	// One of your recovery codes was used in place of your phone. It won’t work again.
	//
	// Account: alice@example.com
	// Time: 2026-03-04 10:15 UTC
	// Recovery codes left: 2
	//
	// Make new recovery codes before you run out of them.
	//
	// If this was you, there is nothing to do. If it wasn’t, somebody else can get into your account: change your password now, and ask Acme for help.
}
