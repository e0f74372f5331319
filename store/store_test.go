package store_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/eagate/eagate/store"
)

func ExampleCheckID() {
	fmt.Println(store.CheckID("u-42"))
	fmt.Println(store.CheckID(""))
	// Output:
	// <nil>
	// store: ID "": want 1 to 255 bytes of UTF-8 without NUL
}

// A backend checks what it is asked for before it asks its database.
func ExampleCheckGet() {
	fmt.Println(store.CheckGet(store.Accounts, "u-42", ""))
	fmt.Println(store.CheckGet("my accounts", "u-42"))
	fmt.Println(store.CheckLimit(0))
	// Output:
	// store: ID "": want 1 to 255 bytes of UTF-8 without NUL
	// store: kind "my accounts": want 1 to 32 lower-case letters
	// store: limit 0: want at least 1
}

func ExampleDocument_Check() {
	doc := store.Document{ID: "u-42", Body: []byte(`{"on":true}`)}
	fmt.Println(doc.Check(store.Accounts))
	doc.Body = nil
	fmt.Println(doc.Check(store.Accounts))
	// Output:
	// <nil>
	// store: body of account "u-42" has 0 bytes: want 1 to 262144 of UTF-8
}

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

func TestKindCheck(t *testing.T) {
	for _, tt := range []struct {
		kind store.Kind
		ok   bool
	}{
		{store.Accounts, true}, {store.Addresses, true}, {store.Challenges, true}, {store.Grants, true},
		{"a", true}, {"passkey", true}, {store.Kind(strings.Repeat("z", 32)), true},
		{"", false}, {"Account", false}, {"a1", false}, {"a_b", false}, {"a b", false}, {"é", false},
		{"a\x00", false}, {store.Kind(strings.Repeat("z", 33)), false},
	} {
		if err := tt.kind.Check(); (err == nil) != tt.ok {
			t.Errorf("%q: got %v, want ok %v", tt.kind, err, tt.ok)
		}
	}
}

func TestDocumentCheck(t *testing.T) {
	for _, tt := range []struct {
		name string
		kind store.Kind
		id   string
		body []byte
		ok   bool
	}{
		{"plain", store.Accounts, "u", []byte("{}"), true},
		{"longest", store.Accounts, "u", bytes.Repeat([]byte("x"), store.MaxBody), true},
		{"too long", store.Accounts, "u", bytes.Repeat([]byte("x"), store.MaxBody+1), false},
		{"empty", store.Accounts, "u", nil, false},
		{"no UTF-8", store.Accounts, "u", []byte("\"\xff\""), false},
		{"invalid ID", store.Accounts, "", []byte("{}"), false},
		{"invalid kind", "", "u", []byte("{}"), false},
	} {
		doc := store.Document{ID: tt.id, Body: tt.body}
		if err := doc.Check(tt.kind); (err == nil) != tt.ok {
			t.Errorf("%s: got %v, want ok %v", tt.name, err, tt.ok)
		}
	}
}

func TestCheckGet(t *testing.T) {
	most := slices.Repeat([]string{"u"}, store.MaxGet)
	for _, tt := range []struct {
		name string
		kind store.Kind
		ids  []string
		ok   bool
	}{
		{"none", store.Accounts, nil, true},
		{"most", store.Accounts, most, true},
		{"too many", store.Accounts, append(most, "u"), false},
		{"last is invalid", store.Accounts, []string{"u", "\x00"}, false},
		{"invalid kind", "A", []string{"u"}, false},
	} {
		if err := store.CheckGet(tt.kind, tt.ids...); (err == nil) != tt.ok {
			t.Errorf("%s: got %v, want ok %v", tt.name, err, tt.ok)
		}
	}
}

func TestCheckLimit(t *testing.T) {
	for limit, ok := range map[int]bool{-1: false, 0: false, 1: true, 1000: true} {
		if err := store.CheckLimit(limit); (err == nil) != ok {
			t.Errorf("%d: got %v, want ok %v", limit, err, ok)
		}
	}
}
