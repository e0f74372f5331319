package emulator

import (
	"bytes"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"
)

// A body is a flat JSON object from which every field is taken exactly once.
// The first fault sticks.
type body struct {
	fields map[string]any // string or json.Number
	err    error
}

func parseBody(r *http.Request, raw []byte) (*body, error) {
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return nil, errors.New("content type is not application/json")
	}
	b := &body{fields: make(map[string]any)}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("body is not a JSON object")
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, errors.New("body is broken JSON")
		}
		value, err := d.Token()
		if err != nil {
			return nil, errors.New("body is broken JSON")
		}
		if _, twice := b.fields[name.(string)]; twice {
			return nil, fmt.Errorf("field %q comes twice", name)
		}
		switch value.(type) {
		case string, json.Number:
			b.fields[name.(string)] = value
		default:
			return nil, fmt.Errorf("field %q is neither string nor number", name)
		}
	}
	if _, err := d.Token(); err != nil {
		return nil, errors.New("body is broken JSON")
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("something follows the body")
	}
	return b, nil
}

func (b *body) fail(format string, args ...any) {
	if b.err == nil {
		b.err = fmt.Errorf(format, args...)
	}
}

func (b *body) take(name string) any {
	v, ok := b.fields[name]
	if !ok {
		b.fail("field %q is missing", name)
	}
	delete(b.fields, name)
	return v
}

func (b *body) text(name string) string {
	s, ok := b.take(name).(string)
	if !ok || s == "" {
		b.fail("field %q is not a string, or empty", name)
	}
	return s
}

func (b *body) oneOf(name string, values ...string) string {
	s := b.text(name)
	if !slices.Contains(values, s) {
		b.fail("field %q is not one of %q", name, values)
	}
	return s
}

// number takes an integer that is written as one.
func (b *body) number(name string, low, high int) int {
	n, ok := b.take(name).(json.Number)
	i, err := strconv.Atoi(n.String())
	if !ok || err != nil || i < low || i > high {
		b.fail("field %q is not a number from %d to %d", name, low, high)
	}
	return i
}

func (b *body) secret(name string) string {
	s := b.text(name)
	if !goodSecret(s) {
		b.fail("field %q is not Base32 without padding", name)
	}
	return s
}

// end reports the first fault, fields too many included.
func (b *body) end() error {
	if b.err == nil && len(b.fields) > 0 {
		b.fail("unknown fields %q", slices.Sorted(maps.Keys(b.fields)))
	}
	return b.err
}

// minSecret is the shortest secret, in bytes, that authenticator apps take.
const minSecret = 10

// goodSecret accepts upper-case Base32 without padding, of a decent length.
func goodSecret(s string) bool {
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(s)
	return err == nil && len(raw) >= minSecret && s == base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw)
}
