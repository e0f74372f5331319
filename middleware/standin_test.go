package middleware_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
)

// A standIn answers as the service does and does nothing else: the emulator
// checks and keeps all that it is asked, which would be measured too.
type standIn struct {
	url   string
	calls atomic.Int64

	mu     sync.Mutex
	tokens map[string]string // by e-mail address
}

// secretNumber is what every user has to tap.
const secretNumber = "70"

func newStandIn(tb testing.TB) *standIn {
	tb.Helper()
	s := &standIn{tokens: make(map[string]string)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /session-token", s.createSession)
	mux.HandleFunc("GET /secret-number", s.showNumber)
	server := httptest.NewServer(mux)
	tb.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *standIn) createSession(w http.ResponseWriter, r *http.Request) {
	s.calls.Add(1)
	var in struct{ Email string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	token := rand.Text()
	s.mu.Lock()
	s.tokens[in.Email] = token
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"code":"SUCCESS","message":"","data":{"session_token":%q}}`, token)
}

func (s *standIn) showNumber(w http.ResponseWriter, r *http.Request) {
	s.calls.Add(1)
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"code":"SUCCESS","message":"","data":{"secret_number":%q}}`, secretNumber)
}

// take returns the token that was made for the user, once.
func (s *standIn) take(email string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	token := s.tokens[email]
	delete(s.tokens, email)
	return token
}
