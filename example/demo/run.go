package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/alexedwards/scs/v2"

	"github.com/eagate/eagate/example/demo/app"
	"github.com/eagate/eagate/middleware"
)

// run runs the demo until ctx ends.
func run(ctx context.Context, c config) (err error) {
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))

	// Whatever can fail, the ports above all, fails before anything is printed.
	appListener, err := listen("ADDR", c.addr, "localhost:9080")
	if err != nil {
		return err
	}
	defer appListener.Close()
	if c.origin == "" {
		c.origin = "http://" + hostPort(c.addr, appListener)
	}
	kept, err := openKept(c.database.beside())
	if err != nil {
		return err
	}
	if c.key == nil {
		c.madeUpKey = true
		if c.key, err = hex.DecodeString(kept.Key); err != nil {
			return fmt.Errorf("demo: %s: key: %w", kept.path, err)
		}
	}
	var phone *phone
	if c.service == nil {
		if phone, err = listenPhone(c, kept, log); err != nil {
			return err
		}
		defer phone.listener.Close()
	}
	data, err := openData(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, data.close()) }()

	web, err := newApp(c, data, phone, log)
	if err != nil {
		return err
	}
	callback, err := web.Gate.CallbackURL()
	if err != nil {
		return err
	}

	var background sync.WaitGroup
	defer background.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	background.Go(func() { web.Gate.Run(ctx) })

	servers := []server{newServer(appListener, web)}
	servers[0].RegisterOnShutdown(web.Gate.EndStreams)
	if phone != nil {
		phone.SetCallbackURL(callback)
		defer phone.Close()
		servers = append(servers, newServer(phone.listener, phone))
	}
	announce(c, phone, callback)
	return serve(ctx, servers...)
}

// newApp puts the application together.
func newApp(c config, data *data, phone *phone, log *slog.Logger) (*app.App, error) {
	sessions := scs.New()
	sessions.Store = data.sessions
	sessions.Cookie.Secure = strings.HasPrefix(c.origin, "https:")

	service, phoneURL := c.service, ""
	if phone != nil {
		service, phoneURL = phone.client(), phone.url()
	}
	options := []middleware.Option{
		middleware.WithService(service),
		middleware.WithStore(data.store),
		middleware.WithKey(c.key),
		middleware.WithOrigin(c.origin),
		middleware.WithMode(c.mode),
		middleware.WithLogger(log),
		middleware.WithNotifier(middleware.NotifierFunc(printMail)),
	}
	if !sessions.Cookie.Secure {
		options = append(options, middleware.WithInsecureCookie())
	}
	if c.look != nil {
		options = append(options, c.look, middleware.WithExempt("GET /static/"))
	}
	return app.New(app.Config{Sessions: sessions, Gate: options, PhoneURL: phoneURL, Log: log})
}

// announce prints what to open, and how to sign in and to stop.
func announce(c config, phone *phone, callback string) {
	fmt.Printf("open       %s\n", c.origin)
	if phone != nil {
		fmt.Printf("phone      %s\n", phone.url())
		fmt.Println("           in place of scanning the QR code, copy the address of the link beside it to there")
	}
	fmt.Println("login      alice@example.com or bob@example.com; carol@example.com is an operator;")
	fmt.Println("           dave@example.com must have a second factor")
	fmt.Printf("password   %s\n", app.Password)
	if c.database.file != "" {
		path, err := filepath.Abs(c.database.file)
		if err != nil {
			path = c.database.file
		}
		fmt.Printf("data       %s; to begin anew, delete %[1]s*\n", path)
	} else if c.madeUpKey {
		fmt.Println("EAGATE_KEY is not set: a random key is used, and the next run can't open what this one seals")
	}
	fmt.Println("stop       Ctrl-C")
	fmt.Printf("callback:  %s\n", callback)
}
