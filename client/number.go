package client

import (
	"context"
	"encoding/json"
	"errors"
)

// SecretNumber returns the number that the user has to tap on the phone for the request
// with that session token: 1 to 6 decimal digits, as the service writes them.
func (c *Client) SecretNumber(ctx context.Context, token string) (number string, err error) {
	const op = "SecretNumber"
	if c.fault != nil {
		return "", invalid(op, c.fault)
	}
	if !visible(token, maxToken) {
		return "", invalid(op, errors.New("session token is not 1 to 4096 visible ASCII characters"))
	}
	data, err := c.do(ctx, call{
		op:       op,
		endpoint: c.paths.SecretNumber,
		token:    token,
		secrets:  []string{token},
		policy:   c.again,
		circuit:  c.circuit,
	})
	if err != nil {
		return "", err
	}
	number, ok := parseNumber(data, c.fields)
	if !ok {
		return "", &Error{Op: op, Kind: Protocol, Status: 200, cause: errors.New("success without a usable number")}
	}
	return number, nil
}

// parseNumber returns the number of an object, under exactly one of the names, or the
// data itself if it is a number.
func parseNumber(data json.RawMessage, names []string) (string, bool) {
	fields, err := object(data)
	if err != nil {
		return digits(data)
	}
	var found json.RawMessage
	for _, name := range names {
		if raw, ok := fields[name]; ok {
			if found != nil {
				return "", false
			}
			found = raw
		}
	}
	return digits(found)
}

// digits reads a JSON string or number of 1 to 6 decimal digits. Leading zeros of a
// string are kept, because the phone shows them.
func digits(raw json.RawMessage) (string, bool) {
	s, ok := text(raw)
	if !ok {
		s = string(raw)
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return "", false
		}
	}
	return s, 1 <= len(s) && len(s) <= 6
}
