package records

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/eagate/eagate/internal/keyring"
	"github.com/eagate/eagate/store"
)

// Format is the newest format of a record that this release can read.
const Format = 1

var (
	// ErrForged is returned for a record that eagate has not written under its ID.
	ErrForged = errors.New("not written by eagate, changed, or moved from another ID, or its key is missing: " +
		"restore it from a backup, or give WithKey the former key too")

	// ErrTooNew is returned for a record of a newer release with content that this one
	// must not ignore.
	ErrTooNew = errors.New("written by a newer release, and not to be read by this one: finish the upgrade on this node")
)

// A RecordError is a record that can't be read. It wraps [ErrForged], [ErrTooNew] or an
// error of the JSON.
type RecordError struct {
	Kind store.Kind
	ID   string
	Err  error
}

func (e *RecordError) Error() string { return fmt.Sprintf("records: %s %q: %v", e.Kind, e.ID, e.Err) }
func (e *RecordError) Unwrap() error { return e.Err }

// A body is the JSON of a document.
type body[R any] struct {
	// MAC is first, at a fixed position, and is set last.
	MAC string `json:"mac"`

	// Write is random, and identifies the write.
	Write string `json:"w"`

	// Min is the first format that can read the record.
	Min int `json:"min,omitzero"`

	Record *R `json:",embed"`
}

// Where the MAC is in a body.
const (
	before   = `{"mac":"`
	macStart = len(before)
	macEnd   = macStart + keyring.MACSize/3*4 // in base64
)

// writeSize is the length of a write ID, of 5 bits a letter.
const writeSize = 16

var blank = strings.Repeat("-", macEnd-macStart)

// encode returns the body of a record.
func (k kind[R]) encode(keys *keyring.Keyring, id string, rec *R, min int) ([]byte, error) {
	text, err := json.Marshal(&body[R]{MAC: blank, Write: rand.Text()[:writeSize], Min: min, Record: rec})
	if err == nil && len(text) > store.MaxBody {
		err = fmt.Errorf("%d bytes of JSON: want at most %d", len(text), store.MaxBody)
	}
	if err != nil {
		return nil, &RecordError{k.name, id, err}
	}
	mac := keys.MAC([]byte(k.name), []byte(id), text[macEnd:])
	base64.RawURLEncoding.Encode(text[macStart:macEnd], mac)
	return text, nil
}

// decode returns the record of a document, or a zero one with ErrNotFound if there is no
// document, and the first format that can read it. Either record has the document's ID
// and version.
func (k kind[R]) decode(keys *keyring.Keyring, doc store.Document) (rec R, min int, err error) {
	stale := false
	if doc.Version == 0 {
		err = ErrNotFound
	} else if min, stale, err = k.unmarshal(keys, doc, &rec); err != nil {
		var none R
		rec, err = none, &RecordError{k.name, doc.ID, err}
	}
	m := k.of(&rec)
	*m.id, *m.version, *m.stale = doc.ID, doc.Version, stale
	return rec, min, err
}

func (k kind[R]) unmarshal(keys *keyring.Keyring, doc store.Document, rec *R) (min int, stale bool, err error) {
	text := doc.Body
	if len(text) < macEnd || string(text[:macStart]) != before {
		return 0, false, ErrForged
	}
	var mac [keyring.MACSize]byte
	if _, err := base64.RawURLEncoding.Decode(mac[:], text[macStart:macEnd]); err != nil {
		return 0, false, ErrForged
	}
	if !keys.Verify(mac[:], []byte(k.name), []byte(doc.ID), text[macEnd:]) {
		return 0, false, ErrForged
	}
	// A record of a newer release may not decode, so the format is checked first.
	var head struct {
		Min int `json:"min"`
	}
	b := body[R]{Record: rec}
	err = json.Unmarshal(text, &b)
	if err != nil && json.Unmarshal(text, &head) == nil {
		b.Min = head.Min
	}
	switch {
	case b.Min > Format:
		return 0, false, ErrTooNew
	case err != nil:
		return 0, false, err
	}
	return b.Min, !keys.Current(mac[:]), nil
}
