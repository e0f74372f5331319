package templates

import "time"

const requiredPage = "required"

// Required is the page that leads somebody who must have a second factor to the
// enrolment.
type Required struct {
	Page

	// Due is until when it can be put off, or zero if it can't.
	Due time.Time
}

func (r Required) sheet() sheet {
	return sheet{Page: r.Page, Name: requiredPage, View: r, Title: "required.title"}
}
