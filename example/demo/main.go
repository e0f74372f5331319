// The demo is a whole application with a second factor, ready to be tried: the
// app itself and, unless EAUTH_API_URL names a real service, an emulated one
// with the phone as a page. It keeps everything in memory.
//
//	ADDR               where the app listens: localhost:8080
//	ORIGIN             what browsers call it: http:// and ADDR
//	EMULATOR_ADDR      where the emulator listens: localhost:8081
//	EAUTH_API_URL      the real service's API; no emulator is started
//	EAUTH_WEBVIEW_URL  and its hosted page
//	EAUTH_CLIENT_ID    what the Console gave to the application; the emulator
//	EAUTH_API_KEY      makes them up
//	EAGATE_KEY         64 hex digits: the gate's key; random if there is none
//	CHALLENGE_MODE     number
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
