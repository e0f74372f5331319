package emulator

import (
	"net/http"
	"net/url"
	"slices"
	"time"
	"unicode/utf8"
)

// A phoneView is what the phone's page shows.
type phoneView struct {
	Of            string // whose phone it is; empty for one of all users
	Here, AddHere string // the addresses of this phone's pages
	Clock         string
	Said          notice

	Waiting  []requestView // newest first
	Answered []requestView // the newest few
	Accounts []accountView

	// For the controls:
	App        string // the application's origin, if it is known
	Phones     []phoneLink
	Down, Late bool
	LateBy     int // seconds
}

type requestView struct {
	Request
	badge
	SecondsLeft int
	PercentLeft int
	Issuer      string // of the account that gets requests; empty if there is none
}

type accountView struct {
	Account
	badge
	Code          string
	First, Second string // halves of the code
	SecondsLeft   int
}

// A badge stands for an application by a letter on one of a few colours.
type badge struct {
	Initial string
	Tone    int
}

func badgeOf(name string) badge {
	sum := 0
	for _, b := range []byte(name) {
		sum += int(b)
	}
	_, size := utf8.DecodeRuneInString(name)
	return badge{name[:size], sum % 5}
}

// A phoneLink leads to the phone of a user.
type phoneLink struct{ Of, Here string }

// A notice is the result of what was tapped.
type notice struct{ Kind, Text string }

// notices are those that a redirect to the page can show, by the value of "said".
var notices = map[string]notice{
	"added":    {"good", "The account was added. Type its code into the app."},
	"gone":     {"bad", "That request is not waiting any more."},
	"approved": {"good", "You approved the sign-in."},
	"wrong":    {"bad", "That was not the number on the screen. The sign-in was not approved."},
	"denied":   {"bad", "You rejected the sign-in."},
	"expired":  {"", "The request’s time ran out."},
	"failed":   {"", "The service failed at the request."},
}

// maxAnswered is the number of answered requests on the page.
const maxAnswered = 3

func (e *Emulator) showPhone(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	v := e.screen(query.Get("of"))
	v.Said = notices[query.Get("said")]
	render(w, http.StatusOK, "phone.html", v)
}

// screen returns the view of the phone of that user, or of all.
func (e *Emulator) screen(of string) phoneView {
	now := e.config.Now()
	v := phoneView{
		Of: of, Here: phoneURL(of, ""), AddHere: PhonePath + "/add", Clock: clock(now), LateBy: int(lateBy / time.Second),
	}
	if of != "" {
		v.AddHere += "?" + url.Values{"of": {of}}.Encode()
	}
	v.App, v.Down, v.Late = e.controls()
	emails := []string{of}
	for _, u := range e.Users() {
		emails = append(emails, u.Email)
	}
	for _, q := range slices.Backward(e.Requests()) {
		emails = append(emails, q.Email)
		switch {
		case of != "" && q.Email != of:
		case q.State == Waiting:
			v.Waiting = append(v.Waiting, e.viewRequest(q, now))
		case len(v.Answered) < maxAnswered:
			v.Answered = append(v.Answered, requestView{Request: q})
		}
	}
	for _, a := range e.Accounts() {
		emails = append(emails, a.Email)
		if of == "" || a.Email == of {
			v.Accounts = append(v.Accounts, viewAccount(a, now))
		}
	}
	emails = append(emails, "") // of all users, first
	slices.Sort(emails)
	for _, email := range slices.Compact(emails) {
		v.Phones = append(v.Phones, phoneLink{email, phoneURL(email, "")})
	}
	return v
}

func (e *Emulator) viewRequest(q Request, now time.Time) requestView {
	left := q.ExpiresAt.Sub(now)
	v := requestView{
		Request:     q,
		badge:       badgeOf(q.Email),
		SecondsLeft: int(left.Round(time.Second) / time.Second),
		PercentLeft: int(100 * left / q.ExpiresAt.Sub(q.CreatedAt)),
	}
	for _, a := range e.Accounts() {
		if a.Email == q.Email && a.ClientID != "" {
			v.Issuer, v.badge = a.Issuer, badgeOf(a.Issuer)
		}
	}
	return v
}

func viewAccount(a Account, now time.Time) accountView {
	code, err := a.Code(now)
	if err != nil {
		code = "no code"
	}
	half := len(code) / 2
	return accountView{
		Account: a, badge: badgeOf(a.Issuer), Code: code, First: code[:half], Second: code[half:],
		SecondsLeft: a.Period - int(now.Unix()%int64(a.Period)),
	}
}

// phoneURL returns the address of the phone of that user, or of all, with a notice if
// said isn't empty.
func phoneURL(of, said string) string {
	query := url.Values{}
	for name, value := range map[string]string{"of": of, "said": said} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if len(query) == 0 {
		return PhonePath
	}
	return PhonePath + "?" + query.Encode()
}

func clock(t time.Time) string { return t.Format("15:04") }
