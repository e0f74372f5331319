package templates

import (
	"cmp"
	"html/template"
	"strconv"
	"strings"
	"time"
)

// A ChallengeSheet is a challenge prepared for its template. The template reads plain
// fields: this page is asked for most often, and methods and fields of embedded structs
// take several times as long.
type ChallengeSheet struct {
	c                  Challenge
	codeIn, recoveryIn CodeInput

	Base, Email, Issuer, HelpURL, Nonce string
	Fields                              template.HTML // of all forms

	// About the request.
	State                         string
	Pending, Approved, Elsewhere  bool
	Moved, StepUp, Resend, NoCode bool
	Number, Left                  string // how much time is left
	Seconds, Total                int
	Hosted                        *Hosted
	Return                        Return
	Returned                      Key
	Back, Done, Over, Waits, Soon bool
	CanPush                       bool
	Send                          Key // the text of the button that sends a request
	Why                           Key // the text that explains why none can be sent
	PushRetryIn                   time.Duration
	Cookie                        string
	Refused, Unreachable, Limited bool
	Asking, Troubled              bool // whether the phone is asked, and can be asked once more

	// Whole attributes and elements, which are quicker to write than what is in them.
	Refreshes                 template.HTML // of the page without script
	Progress, ToCode          template.HTMLAttr
	Addresses                 template.HTMLAttr // the state, and the address of the page, for the script
	SendTo, ToProve, ToCancel template.HTMLAttr // where forms lead
	ByRecovery, ByContinue    template.HTMLAttr // where their other buttons lead

	// About the ways to prove it.
	Input, Recovery          *CodeSheet
	HasFields, HasRecovery   bool
	TakesCode                bool
	CodeOnly                 bool // whether nothing else is there to do first
	CodeOpen, RecoveryOpen   bool
	PhoneOnly                bool
	Trusts, Trust            bool
	Days                     int
	Refresh                  int // see refresh
	NextPath                 string
	OnWebview, OnCode        bool // which of them is the next step
	OnRetry, OnSetUp, OnHelp bool
	OnRecovery, OnCancel     bool
}

func (c Challenge) sheet() Sheet {
	v := &ChallengeSheet{
		c: c,

		Base: c.Base, Email: c.Email, Issuer: c.Issuer, HelpURL: c.HelpURL, Nonce: c.Nonce, Fields: fields(c.Fields),
		State: c.State.String(), Moved: c.Moved, StepUp: c.StepUp, Resend: c.Resend, NoCode: c.NoCode,
		Pending: c.State == ChallengePending, Approved: c.State == ChallengeApproved, Elsewhere: c.State == ChallengeElsewhere,
		Hosted: c.Hosted, Return: c.Return, CanPush: c.Push == PushReady, PushRetryIn: c.PushRetryIn, Cookie: c.Cookie,
		HasRecovery: c.HasRecovery || c.Code.ByRecovery, // where what became of it is said
		Trust:       c.Trust, Days: days(c.TrustFor),
		NextPath: cmp.Or(c.Next, c.Base+"/challenge"),
	}
	v.time()
	v.push()
	v.ways()
	s := Sheet{Page: c.Page, Name: challengePage, View: v, Failed: c.Code.failed(), Mark: v.mark()}
	if c.Hosted != nil && c.Hosted.Popup != nil {
		s.Also = popupScript
	}
	if v.Pending && c.Hosted == nil && !s.Failed {
		s.Number = c.Number
	}
	s.Title, s.Lead = c.title()
	if c.StepUp {
		s.Title, s.Lead = c.stepUp(s.Title, s.Lead)
	}
	switch none := c.State == ChallengeNone && c.Push != PushReady; {
	case v.codeIn.Blocked() && !c.NoCode && (none || c.Code.Error == CodeBlocked && !c.Code.ByRecovery):
		s.Title, s.Mark = "blocked.title", markBlocked
	case v.recoveryIn.Blocked() && c.Code.Error == CodeBlocked:
		s.Title, s.Mark = "blocked.recovery.title", markBlocked
	}
	return s
}

// fields returns hidden fields, which a page has several times.
func fields(list []Field) template.HTML {
	var b strings.Builder
	for _, f := range list {
		b.WriteString(`<input type="hidden" name="` + template.HTMLEscapeString(f.Name) + `" value="` + template.HTMLEscapeString(f.Value) + "\">\n")
	}
	return template.HTML(b.String())
}

// title returns the title and the text of a challenge.
func (c Challenge) title() (title, lead Key) {
	switch c.State {
	case ChallengeNone:
		if c.Push != PushReady {
			return "challenge.code.title", ""
		}
		return "challenge.none.title", "challenge.none.text"
	case ChallengePending:
		if title := c.Return.title(); c.Hosted != nil && title != "" {
			return title, ""
		}
		return "challenge.title", ""
	case ChallengeApproved:
		if c.Moved {
			return "challenge.moved.title", "challenge.moved.text"
		}
		return "challenge.approved.title", "challenge.approved.text"
	case ChallengeNotApproved:
		return "challenge.failed.title", "challenge.failed.text"
	case ChallengeRejected:
		return "challenge.rejected.title", "challenge.rejected.text"
	case ChallengeExpired:
		return "challenge.expired.title", "challenge.expired.text"
	case ChallengeElsewhere:
		return "challenge.elsewhere.title", "challenge.elsewhere.text"
	}
	return "", ""
}

// time fills in what is about the request's time.
func (v *ChallengeSheet) time() {
	if !v.Pending {
		return
	}
	v.Number = v.c.Number
	v.Left, v.Seconds, v.Total = clock(v.c.ExpiresIn), seconds(v.c.ExpiresIn), seconds(max(v.c.Lifetime, v.c.ExpiresIn))
}

// push fills in what is about the request, and the next one.
func (v *ChallengeSheet) push() {
	if v.Hosted != nil {
		v.Returned = v.c.Return.text()
		v.Back = v.Return > ReturnDone
		v.Over = v.Return == ReturnRejected || v.Return == ReturnTimeout
		v.Done = v.Return == ReturnDone
		v.Soon = v.Pending && v.Hosted.URL == ""
	}
	v.Waits = v.Pending && (v.Hosted == nil || v.Done)
	v.Asking = v.Pending && !v.Over
	v.Troubled = v.Asking && !v.Soon

	base := template.HTMLEscapeString(v.Base)
	attr := func(before, path, after string) template.HTMLAttr {
		return template.HTMLAttr(before + base + path + after)
	}
	v.Addresses = template.HTMLAttr(`data-state="` + v.State + `"`)
	v.ByRecovery, v.ByContinue = attr(`formaction="`, "/challenge/recovery", `"`), attr(`formaction="`, "/challenge/continue", `"`)
	switch {
	case v.Pending:
		v.Addresses += attr(` data-challenge="`, "/challenge", `"`)
		v.Progress = template.HTMLAttr(`max="` + strconv.Itoa(v.Total) + `" value="` + strconv.Itoa(v.Seconds) + `"`)
		v.ToCode = attr(`href="`, "/challenge?code=1", `"`)
	case v.Elsewhere:
		v.Addresses += attr(` data-challenge="`, "/challenge", `"`)
	}
	v.Send, v.SendTo = "challenge.resend", attr(`action="`, "/challenge", `"`)
	v.ToProve, v.ToCancel = attr(`action="`, "/challenge/totp", `"`), attr(`action="`, "/cancel", `"`)
	if v.NoCode {
		v.ToProve = attr(`action="`, "/challenge/recovery", `"`)
	}
	switch {
	case v.c.State == ChallengeNone:
		v.Send = "challenge.send"
	case v.Elsewhere:
		v.Send, v.SendTo = "challenge.here", attr(`action="`, "/challenge/continue", `"`)
	}
	push := v.c.Push
	v.Why = push.why()
	v.Refused = push == PushRefused
	v.Unreachable = push == PushUnavailable || push == PushDeclined || push == PushNoCookie
	v.Limited = push == PushPaused || push == PushLimited
}

// ways fills in what is about the ways to prove it.
func (v *ChallengeSheet) ways() {
	c := v.c
	phone, recovery := c.Code, CodeForm{Digits: c.Code.Digits}
	if c.Code.ByRecovery {
		phone, recovery = recovery, phone
	}
	if c.CodesBlocked {
		phone.Error, phone.ByRecovery = CodeBlocked, false
	}
	if c.RecoveryBlocked {
		recovery.Error, recovery.ByRecovery = CodeBlocked, true
	}
	v.codeIn, v.recoveryIn = phone.input(c.Issuer, false), recovery.input(c.Issuer, false)
	v.recoveryIn.Recovery = true
	codeFirst := !c.NoCode && (c.PreferCode || c.Code.failed() && !c.Code.ByRecovery || !v.Pending && !v.CanPush)
	v.codeIn.Focus = !c.Code.ByRecovery && (codeFirst || c.Code.failed())
	v.recoveryIn.Focus = c.Code.ByRecovery && c.Code.failed()
	v.codeIn.Beside = true
	v.codeIn.Still, v.recoveryIn.Still = v.blocked(false), v.blocked(true)
	v.Input, v.Recovery = v.codeIn.sheet(), v.recoveryIn.sheet()

	v.TakesCode = v.takesCode()
	v.HasFields = !c.NoCode || v.HasRecovery
	v.PhoneOnly = c.NoCode && !v.HasRecovery
	v.Trusts = c.TrustFor > 0 && (v.TakesCode || v.takesRecovery() || v.Asking)
	step := v.step()
	v.OnWebview, v.OnCode, v.OnRetry, v.OnSetUp = step == stepWebview, step == stepCode, step == stepRetry, step == stepSetUp
	v.OnRecovery, v.OnHelp, v.OnCancel = step == stepRecovery, step == stepHelp, step == stepCancel
	v.RecoveryOpen = c.Code.ByRecovery || v.OnRecovery || c.PreferCode && c.NoCode
	v.CodeOnly = !v.Asking && !v.CanPush
	v.CodeOpen = codeFirst && !v.RecoveryOpen // a browser would open the first of them only
	if v.Refresh = v.refresh(); v.Refresh > 0 && !v.Moved {
		v.Refreshes = template.HTML(`<noscript><meta http-equiv="refresh" content="` + strconv.Itoa(v.Refresh) + "; url=" + template.HTMLEscapeString(v.Base) +
			`/challenge"><style nonce="` + template.HTMLEscapeString(v.Nonce) + `">.typing { display: none; }</style></noscript>` + "\n")
	}
}

// refresh is the number of seconds after which the page refreshes itself without script,
// or 0 for never. Such a page has no fields, because their text would be lost.
func (v *ChallengeSheet) refresh() int {
	switch {
	case v.c.PreferCode && v.HasFields || v.c.Code.failed():
	case v.Soon:
		return 2
	case v.Waits:
		return 5
	}
	return 0
}

// why is the text that explains why no request can be sent.
func (p Push) why() Key {
	switch p {
	case PushReady:
		return ""
	case PushUnavailable:
		return "push.unavailable"
	case PushMoved:
		return "push.moved"
	case PushCodesOnly:
		return "push.codes"
	case PushNoAddress:
		return "push.address"
	case PushDeclined:
		return "push.declined"
	case PushPaused:
		return "push.paused"
	case PushLimited:
		return "push.limited"
	case PushNoCookie:
		return "push.nocookie"
	case PushRefused:
		return "stepup.code"
	}
	return "push.unavailable"
}
