// The demo is a whole application with a second factor, ready to be tried: the
// app itself and, unless EAUTH_API_URL names a real service, an emulated one
// with the phone as a page. Accounts and sessions are kept in a database; with
// SQLite, the key and the emulated phones are kept in a file beside it, so that
// the demo can be stopped and started again. To begin anew, delete demo.db*.
//
// Several demos can share a database server and Redis, as the nodes of one
// application: give them the same EAGATE_KEY, ORIGIN and service.
//
//	ADDR               where the app listens: localhost:8080
//	ORIGIN             what browsers call it: http:// and ADDR
//	EMULATOR_ADDR      where the emulator listens: localhost:8081
//	EAUTH_API_URL      the real service's API; no emulator is started
//	EAUTH_WEBVIEW_URL  and its hosted page
//	EAUTH_CLIENT_ID    what the Console gave to the application; the emulator
//	EAUTH_API_KEY      makes them up
//	EAGATE_KEY         64 hex digits: the gate's key; made up if there is none
//	CHALLENGE_MODE     number: our page shows the number to tap; or the service's
//	                   own page does: redirect, or popup in a window of its own
//	LOOK               acme: the gate's pages with a header and footer, see ../theming
//	DATABASE_URL       sqlite:FILE, postgres://… or mysql://…: sqlite:demo.db
//	REDIS_URL          redis://…: all but the accounts is kept there
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The second signal ends the program at once.
	context.AfterFunc(ctx, stop)

	c, err := configFrom(os.Getenv)
	if err == nil {
		err = run(ctx, c)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%v\n", err)
		os.Exit(1)
	}
}
