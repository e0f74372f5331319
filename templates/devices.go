package templates

import "time"

const devicesPage = "devices"

// Devices is the page on which a user sees the browsers on which nothing is asked,
// and ends that.
type Devices struct {
	Page

	List []Device

	// Lifetime is for how long a browser is trusted.
	Lifetime time.Duration

	// CanTrust says that this browser can be added right now.
	CanTrust bool
}

// A Device is a browser that the user trusts.
type Device struct {
	ID         string
	Name       string // or empty, if it isn't known
	This       bool   // whether it is the one that shows the page
	LastUsedAt time.Time
	ExpiresAt  time.Time
}

// A devicesSheet is a page of devices made ready for its template.
type devicesSheet struct{ Devices }

func (d Devices) sheet() sheet {
	return sheet{Page: d.Page, Name: devicesPage, View: devicesSheet{d}, Title: "devices.title", Lead: "devices.text"}
}

// Days is the lifetime in days.
func (d devicesSheet) Days() int { return days(d.Lifetime) }

func days(d time.Duration) int { return max(1, int(d/(24*time.Hour))) }
