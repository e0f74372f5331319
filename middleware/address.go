package middleware

import (
	"context"
	"fmt"
)

// WithEmail names the function that tells a user's present e-mail address, which the
// gate then believes in place of [User.Email]: for applications whose sessions keep the
// address of the login, and for changes of it that reach open sessions late. Unless
// set, User.Email counts, and must be the present address.
//
// The service knows users by address alone, so a request to the phone is only sent
// to, and its approval only taken from, an address that the user has now. The function
// is called whenever a request is sent to the phone, when its approval is taken, and
// when a phone is set up, both for the QR code and for its first code; for whoever
// has a second factor under an address that another user sets a phone up with, too.
// Pages and programs that pass the guard don't call it. It is called with the request's
// values, from any number of requests at once, while they wait.
//
// An error means that it can't be told: a phone can't be set up, nor an approval taken,
// and the request is answered with 503 and changes nothing; at a login, the phone isn't
// asked, and codes go on working. A user who has no address, or no longer exists, has
// "" and no error.
func WithEmail(email func(ctx context.Context, userID string) (string, error)) Option {
	return func(c *config) { c.email = email; c.given("WithEmail", email != nil, "no function") }
}

// emailOf turns the function that WithEmail was given into what the rules call.
func emailOf(email func(context.Context, string) (string, error)) func(context.Context, string) (string, error) {
	if email == nil {
		return nil
	}
	return func(ctx context.Context, userID string) (string, error) {
		address, err := email(ctx, userID)
		if err != nil {
			return "", fmt.Errorf("middleware: WithEmail: user %q: %w", userID, err)
		}
		return address, nil
	}
}

// AddressHolder returns the ID of the user whose phone is asked at an e-mail address,
// or "" if there is none. Each address has at most one: the account that was the first
// to set up a phone under it, and has the second factor on there. Letter case, blanks
// around it and Unicode's ways to write the same letter (NFKC) make no difference.
func (a *Admin) AddressHolder(ctx context.Context, email string) (userID string, err error) {
	return a.rules.AddressHolder(ctx, email)
}

// ReleaseAddress takes an e-mail address from the account that holds it: when a mailbox
// has been handed on, say, and its former owner doesn't come back to set the phone up
// under another address. The account's phone isn't asked any more, its codes go on
// working, and the service is told that it is off. Whoever sets up a phone under the
// address next, the former holder included, holds it. The reason is told with
// [eagate.EventCodesOnly]; it must not be empty. That nobody holds the address is no error.
func (a *Admin) ReleaseAddress(ctx context.Context, email, reason string) error {
	return withReason(reason, func() error { return a.rules.ReleaseAddress(ctx, email, reason) })
}
