package store_test

import (
	"strings"
	"testing"

	"github.com/eagate/eagate/store"
)

func TestCheckID(t *testing.T) {
	for _, tt := range []struct {
		name string
		id   string
		ok   bool
	}{
		{"plain", "u-42", true},
		{"one byte", "x", true},
		{"a space", " ", true},
		{"control characters", "a\tb\r\n\x01\x7f", true},
		{"markup and quotes", `<a href="'">\`, true},
		{"letters of several bytes", "日本語 🔐", true},
		{"a letter in two parts", "e\u0301", true},
		{"the replacement character", "\uFFFD", true},
		{"255 bytes", strings.Repeat("x", 255), true},
		{"255 bytes of long letters", strings.Repeat("日", 85), true},

		{"empty", "", false},
		{"256 bytes", strings.Repeat("x", 256), false},
		{"256 bytes in 64 letters", strings.Repeat("🔐", 64), false},
		{"NUL", "a\x00b", false},
		{"NUL at the end", "a\x00", false},
		{"no UTF-8", "a\xff", false},
		{"half a letter", "日本語"[:8], false},
		{"half a surrogate pair", "\xed\xa0\x80", false},
	} {
		if err := store.CheckID(tt.id); (err == nil) != tt.ok {
			t.Errorf("%s: got %v, want ok %v", tt.name, err, tt.ok)
		}
	}
}

// An error about a long ID is a short one.
func TestCheckIDErrorIsBounded(t *testing.T) {
	err := store.CheckID(strings.Repeat("x", 1<<20))
	if err == nil || len(err.Error()) > 1000 {
		t.Errorf("got an error of %d bytes", len(err.Error()))
	}
}

func TestAccountFilter(t *testing.T) {
	for _, tt := range []struct {
		filter store.AccountFilter
		sync   store.Sync
		want   bool
	}{
		{store.AccountFilter{}, store.Sync{}, true},
		{store.AccountFilter{}, store.Sync{Wanted: 1}, true},
		{store.AccountFilter{Late: true}, store.Sync{}, false},
		{store.AccountFilter{Late: true}, store.Sync{Wanted: 2, Confirmed: 2}, false},
		{store.AccountFilter{Late: true}, store.Sync{Wanted: 2, Confirmed: 1}, true},
		{store.AccountFilter{Late: true}, store.Sync{Wanted: 1, Confirmed: 2}, true},
	} {
		if got := tt.filter.Match(store.Account{Sync: tt.sync}); got != tt.want {
			t.Errorf("%+v, %+v: got %v, want %v", tt.filter, tt.sync, got, tt.want)
		}
	}
}
