package templates

import "time"

const requiredPage = "required"

// Required is the page that leads a user who must have a second factor to the enrolment.
type Required struct {
	Page

	// Due is when the grace ends, or zero if there is none.
	Due time.Time
}

func (r Required) sheet() Sheet {
	return Sheet{Page: r.Page, Name: requiredPage, View: r, Title: "required.title"}
}
