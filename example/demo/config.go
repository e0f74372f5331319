package main

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/example/theming"
	"github.com/eagate/eagate/middleware"
)

type config struct {
	addr     string
	origin   string // empty: http:// and the address
	emulator string // its address

	clientID, apiKey string
	service          *client.Client // nil: the emulator

	mode     eagate.Mode
	look     middleware.Option // nil: as the gate's pages are by default
	database database
	redis    *redis.Options // nil: sessions are in the database too

	key       []byte
	madeUpKey bool
}

// configFrom reads the environment, and returns every fault in it.
func configFrom(getenv func(string) string) (config, error) {
	c := config{
		addr:     cmp.Or(getenv("ADDR"), "localhost:8080"),
		origin:   strings.TrimSuffix(getenv("ORIGIN"), "/"),
		emulator: cmp.Or(getenv("EMULATOR_ADDR"), "localhost:8081"),
		clientID: getenv("EAUTH_CLIENT_ID"),
		apiKey:   getenv("EAUTH_API_KEY"),
	}
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf("demo: "+format, args...)) }

	if err := checkAddr(c.addr); err != nil {
		fault("ADDR: %w", err)
	}
	if err := checkOrigin(c.origin); err != nil {
		fault("ORIGIN: %w", err)
	}
	if err := checkAddr(c.emulator); err != nil {
		fault("EMULATOR_ADDR: %w", err)
	}
	apiURL, webviewURL := getenv("EAUTH_API_URL"), getenv("EAUTH_WEBVIEW_URL")
	if apiURL != "" {
		c.service = client.New(c.clientID, c.apiKey,
			client.WithBaseURL(apiURL), client.WithWebviewURL(cmp.Or(webviewURL, client.DefaultWebviewURL)))
		if err := c.service.Check(); err != nil {
			fault("EAUTH_API_URL, EAUTH_WEBVIEW_URL, EAUTH_CLIENT_ID, EAUTH_API_KEY: %w", err)
		}
	} else if webviewURL != "" {
		fault("EAUTH_WEBVIEW_URL is set, but EAUTH_API_URL isn't")
	}

	var err error
	if text := getenv("EAGATE_KEY"); text != "" {
		if c.key, err = hex.DecodeString(text); err != nil || len(c.key) != 32 {
			fault("EAGATE_KEY must be 64 hex digits, as made by: openssl rand -hex 32")
		}
	}
	if c.database, err = parseDatabase(cmp.Or(getenv("DATABASE_URL"), "sqlite:demo.db")); err != nil {
		fault("DATABASE_URL: %w", err)
	}
	if text := getenv("REDIS_URL"); text != "" {
		if c.redis, err = redis.ParseURL(text); err == nil {
			c.redis.ContextTimeoutEnabled = true
		} else {
			fault("REDIS_URL: want redis://HOST:PORT/DATABASE") // err would show the password
		}
	}

	switch mode := getenv("CHALLENGE_MODE"); mode {
	case "", "number":
	case "redirect":
		c.mode = eagate.Redirect
	case "popup":
		c.mode = eagate.Popup
	default:
		fault("CHALLENGE_MODE %q is unknown, want \"number\", \"redirect\" or \"popup\"", mode)
	}
	switch look := getenv("LOOK"); look {
	case "":
	case "acme":
		c.look = theming.Look
	default:
		fault("LOOK %q is unknown, want \"acme\"", look)
	}
	return c, errors.Join(faults...)
}

func checkAddr(addr string) error {
	_, port, err := net.SplitHostPort(addr)
	if err != nil || port == "" {
		return fmt.Errorf("%q is no address such as localhost:8080", addr)
	}
	return nil
}

func checkOrigin(origin string) error {
	if origin == "" {
		return nil
	}
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Scheme+"://"+u.Host != origin {
		return fmt.Errorf("%q is no origin such as https://app.example.com, without a path", origin)
	}
	return nil
}
