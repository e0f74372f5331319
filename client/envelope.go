package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
)

// maxBody is the longest response, in bytes.
const maxBody = 64 << 10

// The codes with a meaning of their own; all others are refusals.
const (
	codeSuccess        = "SUCCESS"
	codeInactive       = "INACTIVE"
	codeInvalidRequest = "INVALID_REQUEST"
)

// judge decides what a response means, and returns its data if it is a success. Every
// success goes through it.
//
// The service reports results in an envelope, {"code", "message", "data"}. A response
// without one is judged by its status, and is never a success.
func judge(op string, resp *http.Response, body []byte, r redactor) (json.RawMessage, *Error) {
	if len(body) > maxBody {
		return nil, &Error{Op: op, Kind: Unavailable, Status: resp.StatusCode, cause: fmt.Errorf("answer longer than %d bytes", maxBody)}
	}
	if resp.StatusCode/100 == 3 {
		return nil, byStatus(op, resp.StatusCode, "redirect refused")
	}
	if enc := resp.Header.Get("Content-Encoding"); enc != "" && enc != "identity" {
		return nil, byStatus(op, resp.StatusCode, "answer is compressed, which was not asked for")
	}
	if t, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return nil, byStatus(op, resp.StatusCode, "answer is not JSON")
	}
	envelope, err := object(body)
	if err != nil {
		return nil, byStatus(op, resp.StatusCode, "answer is no whole JSON object")
	}
	code, ok := text(envelope["code"])
	if !ok || code == "" {
		return nil, byStatus(op, resp.StatusCode, "answer has no code")
	}
	if code == codeSuccess && resp.StatusCode == http.StatusOK {
		return envelope["data"], nil
	}
	message, _ := text(envelope["message"])
	e := &Error{Op: op, Kind: Refused, Status: resp.StatusCode, Code: r.text(code), Message: r.text(message)}
	switch {
	case code == codeInactive:
		e.Kind = Inactive
	case code == codeSuccess:
		*e = *byStatus(op, resp.StatusCode, "code SUCCESS, but not the status")
		if e.Kind == Unavailable && resp.StatusCode < 300 {
			e.Kind = Protocol
		}
	case code != codeInvalidRequest && resp.StatusCode >= 500:
		e.Kind, e.again = Unavailable, true
	}
	return nil, e
}

// object parses a JSON object with nothing after it. Names are case-sensitive, and a name
// that occurs twice is an error, because two readers could choose different values.
func object(raw []byte) (map[string]json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("not an object")
	}
	fields := make(map[string]json.RawMessage)
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, errors.New("broken name")
		}
		name, ok := t.(string)
		if !ok {
			return nil, errors.New("broken name")
		}
		if _, twice := fields[name]; twice {
			return nil, errors.New("name comes twice")
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, errors.New("broken value")
		}
		fields[name] = value
	}
	if _, err := d.Token(); err != nil {
		return nil, errors.New("object doesn't end")
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("something follows the object")
	}
	return fields, nil
}

// text reads a JSON string.
func text(raw json.RawMessage) (string, bool) {
	if len(raw) == 0 || raw[0] != '"' {
		return "", false
	}
	var s string
	err := json.Unmarshal(raw, &s)
	return s, err == nil
}
