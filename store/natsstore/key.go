package natsstore

import (
	"encoding/hex"
	"strings"

	"github.com/eagate/eagate/store"
)

// keyLetters stand for themselves in a key; every other byte is = and two hex
// digits.
const keyLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

// syncID stands in place of an ID in the key of a kind that marks where its
// messages have been read to. No ID is encoded like that.
const syncID = "="

// docKey is the key of a document, such as account.alice=40example=2Ecom.
func docKey(kind store.Kind, id string) string {
	var b strings.Builder
	b.WriteString(string(kind) + ".")
	for i := range len(id) {
		if strings.IndexByte(keyLetters, id[i]) >= 0 {
			b.WriteByte(id[i])
		} else {
			b.WriteByte('=')
			b.WriteString(strings.ToUpper(hex.EncodeToString([]byte{id[i]})))
		}
	}
	return b.String()
}

// docID returns the ID of the document that has the key. A key that no
// document can have, such as that of a sync, gives "".
func docID(kind store.Kind, key string) string {
	code, _ := strings.CutPrefix(key, string(kind)+".")
	var id []byte
	for i := 0; i < len(code); i++ {
		if code[i] != '=' {
			id = append(id, code[i])
			continue
		}
		b, err := hex.DecodeString(code[i+1 : min(i+3, len(code))])
		if err != nil || len(b) != 1 {
			return ""
		}
		id, i = append(id, b[0]), i+2
	}
	if store.CheckID(string(id)) != nil || docKey(kind, string(id)) != key {
		return ""
	}
	return string(id)
}
