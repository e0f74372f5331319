package templates

// A Hosted challenge uses the service's own page, which shows the number.
type Hosted struct {
	// URL is the address of that page, from which the browser returns. If it is empty,
	// it isn't known yet, and the challenge reloads in a moment.
	URL string

	// Popup opens that page in a popup, or is nil. Without script, or if no popup can
	// be opened, URL is used.
	Popup *Popup
}

// A Popup is the service's page in a popup. The script accepts a message only from that
// window, from Origin, and with State; it then looks up the result, at
// {base}/challenge/status after a success and by {base}/return after anything else.
type Popup struct {
	URL    string
	Origin string // of URL, as browsers write it
	State  string // random, for this page only
}

// A Return is the result that the browser brings back from the service's page. It can be
// forged, and only changes the text of the page.
type Return uint8

const (
	ReturnNone     Return = iota // no return; the zero value
	ReturnDone                   // a success that the service has not reported yet
	ReturnRejected               // rejected on the phone
	ReturnTimeout                // not answered in time
	ReturnFault                  // the service failed
	ReturnUnclear                // anything else
)

// String returns the name for records and for the page's data-return.
func (r Return) String() string {
	switch r {
	case ReturnNone:
		return "none"
	case ReturnDone:
		return "done"
	case ReturnRejected:
		return "rejected"
	case ReturnTimeout:
		return "timeout"
	case ReturnFault:
		return "fault"
	case ReturnUnclear:
		return "unclear"
	}
	return "invalid"
}

// text is what the page says about the return.
func (r Return) text() Key {
	switch r {
	case ReturnNone:
		return ""
	case ReturnDone:
		return "return.done"
	case ReturnRejected:
		return "return.rejected"
	case ReturnTimeout:
		return "return.timeout"
	case ReturnFault:
		return "return.fault"
	case ReturnUnclear:
		return "return.unclear"
	}
	return "return.unclear"
}

// title returns the title of a page that reports it, or "".
func (r Return) title() Key {
	switch r {
	case ReturnDone:
		return "return.done.title"
	case ReturnRejected:
		return "return.rejected.title"
	case ReturnTimeout:
		return "return.timeout.title"
	case ReturnFault:
		return "return.fault.title"
	case ReturnUnclear:
		return "return.unclear.title"
	case ReturnNone:
	}
	return ""
}
