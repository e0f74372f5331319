package session

import (
	"context"
	"crypto/subtle"
)

// Holds reports whether the token is the one that the session holds for its
// challenge, in a time that tells nothing of it.
func (s *Sessions) Holds(ctx context.Context, token string) bool {
	held := s.scs.GetString(ctx, s.keys[keyToken])
	return held != "" && subtle.ConstantTimeCompare([]byte(token), []byte(held)) == 1
}

// KeepBack keeps what the browser brought back from the service's page, a word of
// ours, until another request is sent or the session is unlocked.
func (s *Sessions) KeepBack(ctx context.Context, word string) {
	if s.scs.GetString(ctx, s.keys[keyBack]) != word {
		s.scs.Put(ctx, s.keys[keyBack], word)
	}
}

// Back returns what KeepBack kept.
func (s *Sessions) Back(ctx context.Context) string { return s.scs.GetString(ctx, s.keys[keyBack]) }
