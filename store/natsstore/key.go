package natsstore

import (
	"net/url"
	"strings"

	"github.com/eagate/eagate/store"
)

// syncID stands in place of an ID in a key that marks where the messages of a
// kind have been read to. No ID is encoded like that.
const syncID = "="

var keyEscapes = strings.NewReplacer("%", "=", "+", "=20", ".", "=2E", "~", "=7E")

// docKey is the key of a document, such as account.alice=40example=2Ecom:
// letters, digits, _ and - stand for themselves, every other byte is = and two
// hex digits.
func docKey(kind store.Kind, id string) string {
	return string(kind) + "." + keyEscapes.Replace(url.QueryEscape(id))
}

// docID returns the ID of the document that has the key, or "" if no document
// can have it, as that of a sync.
func docID(kind store.Kind, key string) string {
	code := strings.TrimPrefix(key, string(kind)+".")
	id, err := url.QueryUnescape(strings.ReplaceAll(code, "=", "%"))
	if err != nil || store.CheckID(id) != nil || docKey(kind, id) != key {
		return ""
	}
	return id
}
