package handlers

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/templates"
)

// devices lists the browsers that the user trusts.
func (h *Handlers) devices(v *visit) answer {
	if v.Account.State != records.On {
		return h.noFactor(v)
	}
	this, list := h.cfg.Sessions.Device(v.r, v.User), h.cfg.Rules.Devices(v.Account)
	if v.json {
		devices := make([]deviceJSON, len(list))
		for i, d := range list {
			devices[i] = deviceJSON{d.ID, d.Name, d.ID == this, d.VerifiedAt, d.LastUsedAt, d.ExpiresAt}
		}
		return reply{http.StatusOK, devicesJSON{devices}}
	}
	page := templates.Devices{Lifetime: h.cfg.Rules.DeviceLifetime(), CanTrust: h.cfg.Rules.Fresh(v.Grant) && v.Account.HeldSince.IsZero()}
	for _, d := range list {
		page.List = append(page.List, templates.Device{
			ID: d.ID, Name: d.Name, This: d.ID == this,
			LastUsedAt: d.LastUsedAt, ExpiresAt: d.ExpiresAt,
		})
		page.CanTrust = page.CanTrust && d.ID != this
	}
	return html{http.StatusOK, func(p templates.Page) templates.View {
		page.Page = p
		return page
	}}
}

// trust has the user not be asked on this browser for a while.
func (h *Handlers) trust(v *visit) answer {
	err := h.trustBy(v)
	switch {
	case errors.Is(err, factor.ErrNotFresh) && v.json:
		return failure{problem: eagate.ProblemNotFresh}
	case err != nil && !errors.Is(err, factor.ErrNotFresh):
		return failChange(err)
	}
	return h.changedDevices(v)
}

// trustThis is trust as a part of signing in, which must not fail because of it.
func (h *Handlers) trustThis(v *visit) {
	if h.cfg.Rules.DeviceLifetime() == 0 {
		return
	}
	if err := h.trustBy(v); err != nil && !errors.Is(err, factor.ErrNotFresh) && !errors.Is(err, factor.ErrHeld) && !errors.Is(err, factor.ErrOvertaken) {
		h.cfg.Log.ErrorContext(v.ctx(), "eagate: the browser isn't trusted because of a fault", slog.String("user", v.User.ID), slog.Any("error", err))
	}
}

func (h *Handlers) trustBy(v *visit) error {
	proof := v.proof("")
	proof.Secrets = v.Session.Secrets
	secret, d, err := h.cfg.Rules.Trust(v.ctx(), v.User, proof, browserName(v.r.UserAgent()))
	if err == nil {
		h.cfg.Sessions.Trust(v.w, v.User, secret, d.ExpiresAt)
	}
	return err
}

// revoke has the user be asked again on a device, or on all of them.
func (h *Handlers) revoke(v *visit) answer {
	fields, err := v.read("id", "all")
	if err != nil {
		return badBody(err)
	}
	id := fields.Get("id")
	if (id == "") != isYes(fields.Get("all")) { // one of them, and not both
		return badBody(errBody)
	}
	if _, err := h.cfg.Rules.DistrustBy(v.ctx(), v.User, v.proof(""), id); err != nil {
		return failChange(err)
	}
	if id == "" || id == h.cfg.Sessions.Device(v.r, v.User) {
		h.cfg.Sessions.Distrust(v.w, v.User)
	}
	return h.changedDevices(v)
}

// changedDevices shows what the devices are now.
func (h *Handlers) changedDevices(v *visit) answer {
	if !v.json {
		return redirect(h.cfg.Base + "/devices")
	}
	if err := h.reload(v); err != nil {
		return fault{err}
	}
	return h.devices(v)
}

// browserName is how the list calls a browser: good enough for its user to know
// it again.
func browserName(agent string) string {
	first := func(names ...string) string {
		for i := 0; i < len(names); i += 2 {
			if strings.Contains(agent, names[i]) {
				return names[i+1]
			}
		}
		return ""
	}
	browser := first("Edg", "Edge", "OPR/", "Opera", "Firefox/", "Firefox", "FxiOS/", "Firefox", "SamsungBrowser/", "Samsung Internet",
		"CriOS/", "Chrome", "Chrome/", "Chrome", "Safari/", "Safari")
	system := first("iPhone", "iPhone", "iPad", "iPad", "Android", "Android", "Windows", "Windows", "CrOS", "ChromeOS",
		"Macintosh", "macOS", "Linux", "Linux")
	switch {
	case browser == "" && system == "":
		return ""
	case browser == "" || system == "":
		return browser + system
	}
	return browser + ", " + system
}
