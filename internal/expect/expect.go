// Package expect fails a test that doesn't find what it expects. What is a format and its
// arguments, which say what was looked at; it may be left out.
package expect

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// NoError ends the test if there is an error.
func NoError(t testing.TB, err error, what ...any) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s%v", prefix(what), err)
	}
}

// Try takes what a call returned, as in expect.Try(url.Parse(s)).OrFail(t).
func Try[T any](v T, err error) Tried[T] { return Tried[T]{v, err} }

// Tried is a value, or the error of the call that should return it.
type Tried[T any] struct {
	v   T
	err error
}

// OrFail returns the value, or ends the test if there is an error.
func (r Tried[T]) OrFail(t testing.TB, what ...any) T {
	t.Helper()
	NoError(t, r.err, what...)
	return r.v
}

// Equal compares two values.
func Equal[T comparable](t testing.TB, got, want T, what ...any) {
	t.Helper()
	if got != want {
		t.Errorf("%sgot %s, want %s", prefix(what), show(got), show(want))
	}
}

// Differ demands that a value is another one than the last.
func Differ[T comparable](t testing.TB, got, last T, what ...any) {
	t.Helper()
	if got == last {
		t.Errorf("%sgot %s, want another", prefix(what), show(got))
	}
}

// Slice compares two slices.
func Slice[T comparable](t testing.TB, got, want []T, what ...any) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%sgot %v, want %v", prefix(what), got, want)
	}
}

// Is demands that an error is the one that is wanted, as by [errors.Is].
func Is(t testing.TB, err, want error, what ...any) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%sgot the error %v, want %v", prefix(what), err, want)
	}
}

// Contains demands that a text has a part.
func Contains(t testing.TB, text, part string, what ...any) {
	t.Helper()
	if !strings.Contains(text, part) {
		t.Errorf("%sgot\n%s\nwant %q in it", prefix(what), text, part)
	}
}

// Lacks demands that a text doesn't have a part.
func Lacks(t testing.TB, text, part string, what ...any) {
	t.Helper()
	if strings.Contains(text, part) {
		t.Errorf("%sgot\n%s\nwant no %q in it", prefix(what), text, part)
	}
}

func prefix(what []any) string {
	if len(what) == 0 {
		return ""
	}
	return fmt.Sprintf(what[0].(string), what[1:]...) + ": "
}

func show(v any) string {
	if s, ok := v.(string); ok {
		return fmt.Sprintf("%q", s)
	}
	return fmt.Sprintf("%+v", v)
}
