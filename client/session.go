package client

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// CreateSession sends a request to the phone of the user with that e-mail address, and
// returns its session token. The token is secret and opaque.
//
// If the phone has not granted push notifications, the error is [ErrInactive]: let the
// user enter a code instead. After [ErrUnavailable], [ErrProtocol] or a cancellation, there
// may be a request on the phone, whose token is lost.
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

// checkEmail accepts every text that may be an address and that JSON doesn't change.
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
