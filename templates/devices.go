package templates

import "time"

const devicesPage = "devices"

// Devices is the page on which a user sees and revokes trusted browsers.
type Devices struct {
	Page

	// List has the trusted browsers.
	List []Device

	// Lifetime is how long a browser is trusted.
	Lifetime time.Duration

	// CanTrust says that this browser can be added now.
	CanTrust bool
}

// A Device is a browser that the user trusts.
type Device struct {
	ID         string // in the form that revokes it
	Name       string // such as "Firefox on Linux", or empty if unknown
	This       bool   // whether it is the browser that shows the page
	LastUsedAt time.Time
	ExpiresAt  time.Time
}

// A DevicesSheet is the [Sheet].View of the page [Devices], for its template; see [WithTemplates].
type DevicesSheet struct{ Devices }

func (d Devices) sheet() Sheet {
	return Sheet{Page: d.Page, Name: devicesPage, View: DevicesSheet{d}, Title: "devices.title", Lead: "devices.text"}
}

// Days returns the lifetime in whole days, at least 1.
func (d DevicesSheet) Days() int { return days(d.Lifetime) }

func days(d time.Duration) int { return max(1, int(d/(24*time.Hour))) }
