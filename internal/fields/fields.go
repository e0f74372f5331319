// Package fields parses the fields of a body: of a JSON object, or of a form. It refuses
// bodies that two parsers could read differently: names that occur twice or differ from
// an expected one only by letter case, a charset other than UTF-8, anything after the
// object.
package fields

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// The media types of bodies.
const (
	TypeJSON = "application/json"
	TypeForm = "application/x-www-form-urlencoded"
)

// MediaType returns the media type of a body, in lower case and without parameters. It
// returns an error if there is none, more than one, or a charset other than UTF-8: JSON
// has no other (RFC 8259 §8.1) and defines no such parameter, but many programs send it.
func MediaType(h http.Header) (string, error) {
	values := h["Content-Type"]
	if len(values) != 1 {
		return "", fmt.Errorf("fields: %d content types", len(values))
	}
	name, params, err := mime.ParseMediaType(values[0])
	if err != nil {
		return "", fmt.Errorf("fields: content type: %w", err)
	}
	if charset, ok := params["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return "", fmt.Errorf("fields: charset %q isn't UTF-8", charset)
	}
	return name, nil
}

// Object parses one JSON object with nothing after it (RFC 7493, I-JSON: UTF-8 without a
// byte order mark, and each name once, however it is escaped).
func Object(raw []byte) (map[string]jsontext.Value, error) {
	d := jsontext.NewDecoder(bytes.NewReader(raw))
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return nil, errors.New("fields: not a JSON object")
	}
	fields := make(map[string]jsontext.Value)
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, errSyntax(err)
		}
		key := name.String()
		value, err := d.ReadValue()
		if err != nil {
			return nil, errSyntax(err)
		}
		fields[key] = value.Clone()
	}
	if _, err := d.ReadToken(); err != nil { // its end
		return nil, errSyntax(err)
	}
	if _, err := d.ReadToken(); err != io.EOF { //nolint:errorlint // what wraps it is another fault
		return nil, errors.New("fields: something follows the JSON object")
	}
	return fields, nil
}

// errSyntax returns an error without the body's content, which may be secret.
func errSyntax(err error) error {
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return errors.New("fields: a name comes twice")
	}
	return errors.New("fields: broken JSON")
}

// Text returns the value of a JSON string. ok is false for other values.
func Text(v jsontext.Value) (s string, ok bool) {
	if v.Kind() != '"' {
		return "", false
	}
	b, err := jsontext.AppendUnquote(nil, v)
	return string(b), err == nil
}

// Form parses a form or a query, in UTF-8 and without semicolons.
func Form(s string) (url.Values, error) {
	values, err := url.ParseQuery(s)
	if err != nil {
		return nil, errors.New("fields: broken form")
	}
	for name, list := range values {
		if !utf8.ValidString(name) || slices.ContainsFunc(list, func(s string) bool { return !utf8.ValidString(s) }) {
			return nil, errors.New("fields: a form that isn't UTF-8")
		}
	}
	return values, nil
}

// Distinct returns an error if a field's name differs from one of the names only by
// letter case, because many parsers treat it as that one. Other fields are allowed.
func Distinct[V any](fields map[string]V, names ...string) error {
	for field := range fields {
		for _, name := range names {
			if field != name && strings.EqualFold(field, name) {
				return fmt.Errorf("fields: %q in another letter case", name)
			}
		}
	}
	return nil
}
