package emulator

import (
	"net/http"
	"net/url"
	"time"
)

// lateBy is how late reports come if the page's switch for it is on.
const lateBy = 5 * time.Second

// controls returns what the page's controls show: the application's origin if it is
// known, and whether the service is down and its reports are late.
func (e *Emulator) controls() (app string, down, late bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if u, err := url.Parse(e.config.CallbackURL); err == nil && u.Host != "" {
		app = (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/"}).String()
	}
	return app, e.down, e.config.Delivery.Delay > 0
}

// control serves the switches of the page.
func (e *Emulator) control(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "bad form", http.StatusBadRequest)
		return
	}
	down, late := r.PostForm.Get("down"), r.PostForm.Get("late")
	switch {
	case late == "" && (down == "true" || down == "false"):
		e.setDown(down == "true")
	case down == "" && (late == "true" || late == "false"):
		e.setLate(late == "true")
	default:
		http.Error(w, "down or late: true or false", http.StatusBadRequest)
		return
	}
	http.Redirect(w, r, phoneURL(r.PostForm.Get("of"), ""), http.StatusSeeOther)
}

func (e *Emulator) setDown(down bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.down = down
}

func (e *Emulator) setLate(late bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.config.Delivery.Delay = 0
	if late {
		e.config.Delivery.Delay = lateBy
	}
}
