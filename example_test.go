package eagate_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/eagate/eagate"
)

// What WithRequired calls: those with keys to the till must have a second factor, two
// weeks after they are first seen without.
func ExampleRequirement() {
	required := func(u eagate.User) eagate.Requirement {
		if u.ID == "1" {
			return eagate.Require(14 * 24 * time.Hour)
		}
		return eagate.Optional()
	}
	for _, id := range []string{"1", "2"} {
		r := required(eagate.User{ID: id})
		fmt.Println(id, r.Required(), r.Grace())
	}
	// Output:
	// 1 true 336h0m0s
	// 2 false 0s
}

// Nobody is stopped, and the log says who would be.
func ExampleReportOnly() {
	r := eagate.ReportOnly()
	fmt.Println(r.Required(), r.ReportsOnly())
	// Output: false true
}

// Names never change, so that they can be kept.
func ExampleMethod() {
	text, err := json.Marshal(map[string]eagate.Method{"by": eagate.Push})
	fmt.Println(string(text), err)
	var m eagate.Method
	fmt.Println(m.UnmarshalText([]byte("totp")), m == eagate.TOTP)
	// Output:
	// {"by":"push"} <nil>
	// <nil> true
}

func ExampleMode() {
	fmt.Println(eagate.NumberMatch, eagate.Redirect, eagate.Popup)
	// Output: number redirect popup
}

func ExampleLock() {
	fmt.Println(eagate.LockNone, eagate.LockPaused, eagate.LockBlocked, eagate.LockHeld)
	// Output: none paused blocked held
}

func ExampleFalseResult() {
	var f eagate.FalseResult
	fmt.Println(f, f == eagate.NotApproved)
	// Output: not approved true
}

// An audit log of the application's own has the names that eagate's log has.
func ExampleEvent() {
	log := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	audit := func(e eagate.Event) {
		log.Log(context.Background(), e.Kind.Level(), e.Kind.String(), "user", e.UserID, "by", e.Method)
	}
	audit(eagate.Event{Kind: eagate.EventVerified, UserID: "7", Method: eagate.Push})
	audit(eagate.Event{Kind: eagate.EventCodeRefused, UserID: "7", Method: eagate.TOTP})
	// Output:
	// level=INFO msg=verified user=7 by=push
	// level=WARN msg=code_refused user=7 by=totp
}
