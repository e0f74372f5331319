package session

import (
	"crypto/rand"
	"strings"
)

// An attempt is a browser's secret that a form carries: however often the form is sent, it
// is known to be the same, and whichever answer the browser takes gives it the secret.

// NewAttempt returns a secret for a form.
func NewAttempt() string { return rand.Text() }

// Attempt returns the secret that a form carried, or another one if that can't be one.
func (s *Sessions) Attempt(text string) Browser {
	if len(text) != len(NewAttempt()) || strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
		text = NewAttempt()
	}
	b := Browser{secret: text}
	b.name = b.Hash()[:10] // the same each time that the form is sent
	return b
}

// Secret is what only the browser has.
func (b Browser) Secret() string { return b.secret }
