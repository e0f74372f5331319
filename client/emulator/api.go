package emulator

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// maxBody is the longest request body, in bytes.
const maxBody = 64 << 10

// An answer is the response to a call: an envelope and its status.
type answer struct {
	status  int
	code    string
	message string
	data    any
}

func success(data any) answer {
	return answer{http.StatusOK, "SUCCESS", "Success", data}
}

func refused(status int, format string, args ...any) answer {
	return answer{status, "INVALID_REQUEST", fmt.Sprintf(format, args...), nil}
}

func inactive(message string) answer {
	return answer{http.StatusForbidden, "INACTIVE", message, nil}
}

func (a answer) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.status)
	_ = json.NewEncoder(w).Encode(map[string]any{"code": a.code, "message": a.message, "data": a.data})
}

// serveAPI handles a call, and records the call and the response.
func (e *Emulator) serveAPI(w http.ResponseWriter, r *http.Request) {
	c := Call{
		Time:   e.config.Now(),
		Op:     UnknownOp,
		Method: r.Method,
		Path:   strings.TrimPrefix(r.URL.Path, APIPath),
		Header: r.Header.Clone(),
	}
	var method string
	var handle func(*http.Request, []byte) answer
	switch c.Path {
	case "/session-token":
		c.Op, method, handle = CreateSession, http.MethodPost, e.createSession
	case "/secret-number":
		c.Op, method, handle = SecretNumber, http.MethodGet, e.secretNumber
	case "/mfa/toggle":
		c.Op, method, handle = SyncStatus, http.MethodPost, e.syncStatus
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	c.Body = body

	fault, faulty := e.nextFault(c.Op)
	if faulty && !fault.late {
		c.Fault = fault.name
		e.record(c)
		fault.serve(w, r)
		return
	}
	var a answer
	switch {
	case err != nil:
		a = refused(http.StatusRequestEntityTooLarge, "body too long or broken")
	case handle == nil:
		a = refused(http.StatusNotFound, "no such path")
	case r.Method != method:
		a = refused(http.StatusMethodNotAllowed, "the method is %s", method)
	case r.URL.RawQuery != "":
		a = refused(http.StatusBadRequest, "no query expected")
	case !e.authentic(r):
		a = refused(http.StatusUnauthorized, "missing or wrong X-API-Key")
	default:
		a = handle(r, body)
	}
	c.Status, c.Code = a.status, a.code
	if a.code != "SUCCESS" {
		c.Reason = a.message
	}
	if faulty {
		c.Fault = fault.name
	}
	e.record(c)
	if faulty {
		fault.serve(w, r)
		return
	}
	a.write(w)
}

func (e *Emulator) authentic(r *http.Request) bool {
	keys := r.Header.Values("X-API-Key")
	return len(keys) == 1 && subtle.ConstantTimeCompare([]byte(keys[0]), []byte(e.config.APIKey)) == 1
}

func (e *Emulator) createSession(r *http.Request, body []byte) answer {
	b, err := parseBody(r, body)
	if err != nil {
		return refused(http.StatusBadRequest, "%v", err)
	}
	email := b.text("email")
	clientID := b.text("client_id")
	if err := b.end(); err != nil {
		return refused(http.StatusBadRequest, "%v", err)
	}
	if clientID != e.config.ClientID {
		return refused(http.StatusBadRequest, "no such client_id")
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.inactive:
		return inactive("The application is not active")
	case e.noPush[email]:
		return inactive("The user has not granted push notifications")
	case e.config.RequireAccount && !e.hasAccount(email):
		return inactive("The user's phone has no account of this application")
	}
	return success(map[string]string{"session_token": e.newRequest(email).token})
}

func (e *Emulator) secretNumber(r *http.Request, body []byte) answer {
	if len(body) > 0 {
		return refused(http.StatusBadRequest, "no body expected")
	}
	tokens := r.Header.Values("X-Session-Token")
	if len(tokens) != 1 {
		return refused(http.StatusBadRequest, "not one X-Session-Token")
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.inactive {
		return inactive("The application is not active")
	}
	q := e.byToken(tokens[0])
	if q == nil {
		return refused(http.StatusNotFound, "unknown session token")
	}
	if q.state(e.config.Now()) == Expired {
		return refused(http.StatusGone, "session token expired")
	}
	return success(map[string]string{"secret_number": q.number})
}

func (e *Emulator) syncStatus(r *http.Request, body []byte) answer {
	b, err := parseBody(r, body)
	if err != nil {
		return refused(http.StatusBadRequest, "%v", err)
	}
	clientID := b.text("client_id")
	u := User{Email: b.text("email"), ChangedAt: e.config.Now()}
	switch b.text("action") {
	case "ENABLE":
		u.Enabled = true
		u.Secret = b.secret("secret")
		b.oneOf("type", "TOTP")
		u.Algorithm = b.oneOf("algorithm", "SHA1", "SHA256", "SHA512")
		u.Digits = b.number("digits", 6, 8)
		u.Period = b.number("period", 1, 3600)
	case "DISABLE":
		if e.config.SecretOnDisable {
			u.Secret = b.secret("secret")
		}
	default:
		b.fail("action is neither ENABLE nor DISABLE")
	}
	if err := b.end(); err != nil {
		return refused(http.StatusBadRequest, "%v", err)
	}
	if clientID != e.config.ClientID {
		return refused(http.StatusBadRequest, "no such client_id")
	}
	if !e.setUser(u) {
		return inactive("The application is not active")
	}
	e.changed()
	return success("")
}
