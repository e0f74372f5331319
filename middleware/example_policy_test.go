package middleware_test

import (
	"context"
	"fmt"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/middleware"
)

func ExampleWithTrustedDevices() {
	gate, _ := newGate(middleware.WithTrustedDevices(30 * 24 * time.Hour))
	status, err := gate.Admin().Status(context.Background(), "u-42")
	fmt.Println(len(status.Devices), err)
	// Output: 0 <nil>
}

// The events go where they are watched.
func ExampleWithEvents() {
	gate, _ := newGate(middleware.WithEvents(func(_ context.Context, e eagate.Event) {
		fmt.Println(e.Kind, e.UserID, "because:", e.Reason)
	}))
	if err := gate.Admin().Unlock(context.Background(), "u-42", "rang from the number we know"); err != nil {
		panic(err)
	}
	// Output: unblocked u-42 because: rang from the number we know
}

// Users are told by e-mail, in their language.
func ExampleWithNotifier() {
	sent := make(chan string)
	mail := func(_ context.Context, n middleware.Notice) error {
		n = n.In("en") // what the application knows of the user n.UserID
		sent <- fmt.Sprintf("To: %s\nSubject: %s\n\n%s", "alice@example.com", n.Subject, n.Text)
		return nil
	}
	clock := func() time.Time { return time.Date(2026, 3, 4, 10, 15, 0, 0, time.UTC) }
	gate, _ := newGate(middleware.WithNotifier(middleware.NotifierFunc(mail)), middleware.WithClock(clock))
	if err := gate.Admin().Reset(context.Background(), "u-42", "lost phone and codes"); err != nil {
		panic(err)
	}
	fmt.Print(<-sent)
	// Output:
	// To: alice@example.com
	// Subject: Sign-in approval was reset – Acme
	//
	// Acme has switched off sign-in approval for your account. Until you switch it on again, your password alone is enough to sign in.
	//
	// Time: 4 March 2026, 10:15 UTC
	//
	// If you didn’t ask for this, tell Acme at once.
}

// A notice is written in whichever language its user reads.
func ExampleNotice_In() {
	sent := make(chan string)
	gate, _ := newGate(middleware.WithNotifier(middleware.NotifierFunc(func(_ context.Context, n middleware.Notice) error {
		sent <- n.Subject + "\n" + n.In("th").Subject
		return nil
	})))
	if err := gate.Admin().Reset(context.Background(), "u-42", "lost phone and codes"); err != nil {
		panic(err)
	}
	fmt.Println(<-sent)
	// Output:
	// Sign-in approval was reset – Acme
	// มีการรีเซ็ตการอนุมัติการเข้าสู่ระบบ – Acme
}

// The service reports nothing but rejections as false: whoever signs in then, it
// isn't the user.
func ExampleWithFalseResult() {
	gate, _ := newGate(middleware.WithFalseResult(eagate.Rejection))
	fmt.Println(gate)
	// Output: middleware.Gate("/2fa")
}

// After a rejection on the phone, nobody signs in before the password is changed.
func ExampleWithHoldOnRejection() {
	gate, _ := newGate(middleware.WithFalseResult(eagate.Rejection), middleware.WithHoldOnRejection())
	changePassword := func(ctx context.Context, userID string) error {
		// … change it, and then:
		return gate.PasswordChanged(ctx, userID)
	}
	fmt.Println(changePassword(context.Background(), "u-42"))
	// Output: <nil>
}

func ExampleGate_PasswordChanged() {
	gate, _ := newGate(middleware.WithFalseResult(eagate.Rejection), middleware.WithHoldOnRejection())
	fmt.Println(gate.PasswordChanged(context.Background(), "u-42"))
	// Output: <nil>
}

func ExampleAdmin_Status() {
	gate, _ := newGate()
	status, err := gate.Admin().Status(context.Background(), "u-42")
	fmt.Println(status.Enabled, status.Lock, err)
	// Output: false none <nil>
}

// Who is locked, and why?
func ExampleAdmin_List() {
	gate, _ := newGate()
	for status, err := range gate.Admin().List(context.Background(), middleware.ListFilter{Locked: true}) {
		if err != nil {
			panic(err)
		}
		fmt.Println(status.UserID, status.Lock, status.WrongCodes)
	}
	// Output:
}

// Somebody has lost phone and recovery codes.
func ExampleAdmin_Reset() {
	gate, _ := newGate()
	fmt.Println(gate.Admin().Reset(context.Background(), "u-42", "showed the passport at the desk"))
	fmt.Println(gate.Admin().Reset(context.Background(), "u-42", ""))
	// Output:
	// <nil>
	// middleware: Reset: no reason: say why, for the readers of the log
}

func ExampleAdmin_Unlock() {
	gate, _ := newGate()
	fmt.Println(gate.Admin().Unlock(context.Background(), "u-42", "rang from the number we know"))
	// Output: <nil>
}

func ExampleAdmin_Revoke() {
	gate, _ := newGate()
	fmt.Println(gate.Admin().Revoke(context.Background(), "u-42", "laptop stolen"))
	// Output: <nil>
}

func ExampleAdmin_RevokeDevice() {
	gate, _ := newGate()
	found, err := gate.Admin().RevokeDevice(context.Background(), "u-42", "an ID of Status", "laptop stolen")
	fmt.Println(found, err)
	// Output: false <nil>
}
