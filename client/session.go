package client

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// CreateSession asks the service to verify the user with that e-mail address,
// which makes the user's phone ring, and returns the session token of the
// attempt. The token is a secret of this server; what is in it is the
// service's affair.
//
// An error means that there is no attempt. That is so too while the user's
// phone has not granted push notifications: let the user type a code instead.
func (c *Client) CreateSession(ctx context.Context, email string) (token string, err error) {
	const op = "CreateSession"
	if c.fault != nil {
		return "", invalid(op, c.fault)
	}
	if err := checkEmail(email); err != nil {
		return "", invalid(op, err)
	}
	data, err := c.do(ctx, call{
		op:       op,
		endpoint: c.paths.CreateSession,
		body: struct {
			Email    string `json:"email"`
			ClientID string `json:"client_id"`
		}{email, c.clientID},
		secrets: []string{email},
		policy:  c.once,
		circuit: c.circuit,
	})
	if err != nil {
		return "", err
	}
	token, ok := parseToken(data)
	if !ok {
		return "", &Error{Op: op, Kind: Protocol, Status: 200, cause: errors.New("success without a usable session token")}
	}
	return token, nil
}

func parseToken(data json.RawMessage) (string, bool) {
	fields, err := object(data)
	if err != nil {
		return "", false
	}
	token, ok := text(fields["session_token"])
	return token, ok && visible(token, maxToken)
}

// checkEmail accepts whatever can be an address and comes out of JSON as it
// went in.
func checkEmail(email string) error {
	switch {
	case email == "":
		return errors.New("no e-mail address")
	case len(email) > maxEmail:
		return errors.New("e-mail address too long")
	case !utf8.ValidString(email) || strings.ContainsFunc(email, unicode.IsControl):
		return errors.New("e-mail address with control characters or invalid UTF-8")
	}
	return nil
}
