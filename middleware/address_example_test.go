package middleware_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/eagate/eagate/middleware"
)

// Sessions last for weeks here, and e-mail addresses change meanwhile: the table of users
// has the present one.
func ExampleWithEmail() {
	var db *sql.DB // the application's
	gate, _ := newGate(middleware.WithEmail(func(ctx context.Context, userID string) (string, error) {
		var email string
		err := db.QueryRowContext(ctx, "SELECT email FROM users WHERE id = $1", userID).Scan(&email)
		if errors.Is(err, sql.ErrNoRows) {
			return "", nil // nobody, who has no address
		}
		return email, err
	}))
	fmt.Println(gate)
	// Output: middleware.Gate("/2fa")
}

// A mailbox was handed on, and its former owner has left the company.
func ExampleAdmin_ReleaseAddress() {
	gate, _ := newGate()
	admin := gate.Admin()
	holder, err := admin.AddressHolder(context.Background(), "sales@example.com")
	fmt.Printf("held by %q, %v\n", holder, err)
	err = admin.ReleaseAddress(context.Background(), "sales@example.com", "Carol has left")
	fmt.Println("released,", err)
	// Output:
	// held by "", <nil>
	// released, <nil>
}

func ExampleAdmin_AddressHolder() {
	gate, _ := newGate()
	holder, err := gate.Admin().AddressHolder(context.Background(), "Alice@example.com")
	fmt.Printf("%q %v\n", holder, err)
	// Output: "" <nil>
}
