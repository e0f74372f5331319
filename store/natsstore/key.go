package natsstore

import (
	"net/url"
	"strings"

	"github.com/eagate/eagate/store"
)

// syncID replaces the ID in the key of a message that marks the end of a kind's
// messages. No ID is encoded like that.
const syncID = "="

var keyEscapes = strings.NewReplacer("%", "=", "+", "=20", ".", "=2E", "~", "=7E")

// docKey returns the key of a document, such as account.alice=40example=2Ecom: letters,
// digits, _ and - stand for themselves, every other byte is = and two hex digits.
func docKey(kind store.Kind, id string) string {
	return string(kind) + "." + keyEscapes.Replace(url.QueryEscape(id))
}

// docID returns the ID of a document's key, or "" if it isn't one, such as that of a
// sync.
func docID(kind store.Kind, key string) string {
	code := strings.TrimPrefix(key, string(kind)+".")
	id, err := url.QueryUnescape(strings.ReplaceAll(code, "=", "%"))
	if err != nil || store.CheckID(id) != nil || docKey(kind, id) != key {
		return ""
	}
	return id
}
