package emulator

import (
	"encoding/base32"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/eagate/eagate/internal/fields"
)

// A body is a flat JSON object. Each field must be read exactly once. The first error is
// kept.
type body struct {
	fields map[string]jsontext.Value // strings and numbers
	err    error
}

func parseBody(r *http.Request, raw []byte) (*body, error) {
	if t, err := fields.MediaType(r.Header); err != nil || t != fields.TypeJSON {
		return nil, errors.New("content type is not application/json in UTF-8")
	}
	object, err := fields.Object(raw)
	if err != nil {
		return nil, err
	}
	for name, value := range object {
		if kind := value.Kind(); kind != '"' && kind != '0' {
			return nil, fmt.Errorf("field %q is neither string nor number", name)
		}
	}
	return &body{fields: object}, nil
}

func (b *body) fail(format string, args ...any) {
	if b.err == nil {
		b.err = fmt.Errorf(format, args...)
	}
}

func (b *body) take(name string) jsontext.Value {
	v, ok := b.fields[name]
	if !ok {
		b.fail("field %q is missing", name)
	}
	delete(b.fields, name)
	return v
}

func (b *body) text(name string) string {
	s, ok := fields.Text(b.take(name))
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

// number reads an integer without fraction and exponent.
func (b *body) number(name string, low, high int) int {
	i, err := strconv.Atoi(string(b.take(name)))
	if err != nil || i < low || i > high {
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

// end returns the first error, including one for a field that was not read.
func (b *body) end() error {
	if b.err == nil && len(b.fields) > 0 {
		b.fail("unknown fields %q", slices.Sorted(maps.Keys(b.fields)))
	}
	return b.err
}

// minSecret is the shortest secret, in bytes, that authenticator apps accept.
const minSecret = 10

// goodSecret accepts upper-case Base32 without padding, of at least minSecret bytes.
func goodSecret(s string) bool {
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(s)
	return err == nil && len(raw) >= minSecret && s == base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw)
}
