package app

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/eagate/eagate"
)

// confirmedFor is how long a tap on the phone is good for transfers.
const confirmedFor = 5 * time.Minute

// mostAmount is the most that can be sent at once.
const mostAmount = 10_000

// confirmed guards what must have been confirmed on the phone a moment ago: a code
// isn't enough, nor is the confirmation of this morning's login.
func (a *App) confirmed(next http.HandlerFunc) http.Handler {
	return a.Gate.RequireMethod(eagate.Push)(a.Gate.RequireRecent(confirmedFor)(next))
}

func (a *App) transferForm(w http.ResponseWriter, r *http.Request) {
	a.show(w, r, http.StatusOK, "transfer", page{Title: "Transfer money"})
}

// transfer sends nothing: it is a demo.
func (a *App) transfer(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	p := page{Title: "Transfer money", To: strings.TrimSpace(r.PostFormValue("to")), Amount: r.PostFormValue("amount")}
	amount, err := strconv.Atoi(p.Amount)
	if err != nil || amount < 1 || amount > mostAmount || p.To == "" {
		p.Error = "Please say to whom, and a whole amount from 1 to " + strconv.Itoa(mostAmount) + "."
		a.show(w, r, http.StatusUnprocessableEntity, "transfer", p)
		return
	}
	p.Done = true
	a.show(w, r, http.StatusOK, "transfer", p)
}
