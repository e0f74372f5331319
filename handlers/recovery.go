package handlers

import (
	"errors"
	"net/http"
	"time"

	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/templates"
)

// recoveryJSON is what a program is told of the recovery codes.
type recoveryJSON struct {
	Left   int        `json:"left"`
	MadeAt *time.Time `json:"made_at,omitempty"`
	Codes  []string   `json:"codes,omitempty"` // when they have just been made, and never again
}

// recovery is the page of the recovery codes: how many are left.
func (h *Handlers) recovery(v *visit) {
	h.showRecovery(v, http.StatusOK, factor.CodeAnswer{})
}

func (h *Handlers) showRecovery(v *visit, code int, answer factor.CodeAnswer) {
	acct, err := h.cfg.Rules.Account(v.ctx(), v.user.ID)
	switch {
	case err != nil:
		h.Unavailable(v.w, v.r, err)
	case acct.State != records.On:
		h.noFactor(v)
	case prefersJSON(v.r):
		answer := recoveryJSON{Left: factor.RecoveryLeft(acct)}
		if acct.Recovery != nil {
			answer.MadeAt = &acct.Recovery.CreatedAt
		}
		sendJSON(v.w, code, typeJSON, answer)
	default:
		h.show(v.w, v.r, code, func(p templates.Page) templates.View {
			p.Email = v.user.Email
			return templates.Recovery{
				Page: p, Left: factor.RecoveryLeft(acct), NeedsCode: !h.cfg.Rules.Fresh(v.grant),
				Code: h.codeForm(v, h.cfg.Rules.Digits(acct), answer),
			}
		})
	}
}

// makeRecovery gives the user new recovery codes.
func (h *Handlers) makeRecovery(v *visit) {
	code, ok := h.readCode(v)
	if !ok {
		return
	}
	answer, codes, err := h.cfg.Rules.MakeRecovery(v.ctx(), v.user, v.proof(code))
	var limit *factor.RecoveryLimit
	switch {
	case errors.Is(err, factor.ErrOff):
		h.noFactor(v)
	case errors.As(err, &limit):
		h.fail(v.w, v.r, failure{
			status: http.StatusTooManyRequests, kind: "recovery-limited", title: "New recovery codes were made too often",
			page: templates.MessageMadeOften, retryIn: limit.Until.Sub(h.cfg.Rules.Now()),
		})
	case errors.Is(err, factor.ErrMadeMeanwhile) && !prefersJSON(v.r):
		seeOther(v.w, h.cfg.Base+"/recovery-codes")
	case errors.Is(err, factor.ErrMadeMeanwhile):
		h.fail(v.w, v.r, failure{
			status: http.StatusConflict, kind: "made-meanwhile", title: "Another request has made recovery codes meanwhile",
		})
	case err != nil:
		h.failChange(v, err)
	case answer.Result == factor.CodeHeld, answer.Result != factor.CodeAccepted && prefersJSON(v.r):
		h.failCode(v, answer)
	case answer.Result != factor.CodeAccepted:
		h.showRecovery(v, codeStatus(answer), answer)
	case prefersJSON(v.r):
		sendJSON(v.w, http.StatusOK, typeJSON, recoveryJSON{Left: len(codes), Codes: codes})
	default:
		h.showCodes(v, templates.Recovery{Codes: codes})
	}
}

// showCodes shows new recovery codes, which nobody will ever see again.
func (h *Handlers) showCodes(v *visit, made templates.Recovery) {
	h.show(v.w, v.r, http.StatusOK, func(p templates.Page) templates.View {
		p.Email = v.user.Email
		made.Page, made.Left = p, len(made.Codes)
		return made
	})
}

// noFactor answers a request that makes sense only with a second factor.
func (h *Handlers) noFactor(v *visit) {
	if !prefersJSON(v.r) {
		seeOther(v.w, h.cfg.Base+"/")
		return
	}
	h.fail(v.w, v.r, failure{status: http.StatusConflict, kind: "no-second-factor", title: "The second factor is off"})
}
