// Package emulator emulates the eAuthenticator service and the user's phone, for tests,
// demos, and development without an account at the service.
//
// An [Emulator] is an [http.Handler] with the service's API, its hosted page, and a page
// that acts as the phone. It provides no security: everybody who can reach it can approve
// every request. Don't expose it to others.
//
// # In a test
//
// [Start] serves it on a loopback port, and the test controls the phone:
//
//	srv := emulator.Start(emulator.Config{CallbackURL: app.URL + "/2fa/callback/…"})
//	defer srv.Close()
//	gate, err := middleware.New(middleware.WithService(srv.Client()), …)
//	…
//	phone := srv.Phone("alice@example.com")
//	err = phone.AddAccount(otpauthURI) // scans the QR code
//	code, err := phone.Code()          // the code that the phone shows
//	request, err := phone.Wait(ctx)    // the push request
//	replies, err := phone.Approve(ctx) // taps the right number; or Deny, TapWrong, TimeOut, Fail
//
// # In a demo
//
// Serve it and open its /phone page in a browser:
//
//	emu := emulator.New(emulator.Config{ClientID: id, APIKey: key, CallbackURL: callback})
//	http.ListenAndServe("localhost:8081", emu)
//	c := client.New(id, key, emulator.ClientOptions("http://localhost:8081")...)
//
// As a program of its own, it is package [github.com/eagate/eagate/client/emulator/serve].
//
// # Faults
//
// It may be stricter than the service: a field that is missing, unknown, repeated or of
// the wrong type is an error. It records calls ([Emulator.Calls]), reports to the
// application ([Emulator.Callbacks]) and the users that the service knows
// ([Emulator.Users]). It fails on demand in the ways that a remote service can, including
// a report of false without a rejection ([Phone.TimeOut], [Phone.Fail]): see
// [Emulator.Misbehave], [Emulator.SetActive], [Emulator.SetPush] and [Delivery].
package emulator

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/eagate/eagate/client"
)

// The paths below the emulator's origin.
const (
	APIPath     = "/authen-api/api/v1"
	WebviewPath = "/start-authentication"
	PhonePath   = "/phone"
)

// A Config configures an emulator. The zero value is usable.
type Config struct {
	// ClientID and APIKey are the application's. By default they are generated: see
	// [Emulator.ClientID] and [Emulator.APIKey].
	ClientID, APIKey string

	// CallbackURL is the address of reports to the application. While it is empty,
	// there are none. [Emulator.SetCallbackURL] changes it.
	CallbackURL string

	// Delivery is how results are reported; the zero value is one GET.
	Delivery Delivery

	// SecretOnDisable makes the last secret required in DISABLE.
	SecretOnDisable bool

	// RequireAccount sends requests only to users whose phone has an account of this
	// application. By default, every user has a phone.
	RequireAccount bool

	// Lifetime is how long a request is valid; 5 minutes if zero.
	Lifetime time.Duration

	// Now is the clock; [time.Now] if nil.
	Now func() time.Time

	// RootCAs are the certificate authorities that callbacks trust; the system's if
	// nil. With Insecure, they trust any certificate.
	RootCAs  *x509.CertPool
	Insecure bool

	// HTTPClient has the Transport for callbacks, instead of RootCAs and Insecure.
	HTTPClient *http.Client

	// State is the initial state, and Changed is called with the new state after each
	// change, one call at a time: together they persist the emulator. Both are
	// optional.
	State   State
	Changed func(State)

	// Logger logs every call and callback, without their secrets. There is no log if
	// it is nil.
	Logger *slog.Logger
}

// An Emulator is the service and all phones. It is made by [New], and safe for concurrent
// use.
type Emulator struct {
	config  Config
	handler http.Handler
	key     []byte // signs session tokens
	http    *http.Client

	ctx      context.Context // ends with Close
	cancel   context.CancelFunc
	work     sync.WaitGroup // callbacks in progress
	changing sync.Mutex     // keeps calls of Changed in order

	mu        sync.Mutex
	inactive  bool
	down      bool // by the page's switch
	noPush    map[string]bool
	users     map[string]User
	accounts  []Account
	requests  []*request // oldest first
	arrived   chan struct{}
	calls     []Call
	callbacks []Callback
	faults    []*planned
	forge     func(*Return)
}

// New returns an Emulator.
func New(config Config) *Emulator {
	if config.ClientID == "" {
		config.ClientID = uuid()
	}
	if config.APIKey == "" {
		config.APIKey = rand.Text()
	}
	if config.Lifetime == 0 {
		config.Lifetime = 5 * time.Minute
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	e := &Emulator{
		config:  config,
		key:     []byte(rand.Text()),
		http:    callbackClient(config),
		noPush:  make(map[string]bool),
		users:   make(map[string]User),
		arrived: make(chan struct{}),
	}
	e.begin(config.State)
	e.ctx, e.cancel = context.WithCancel(context.Background())
	e.handler = e.routes()
	return e
}

// ServeHTTP serves the API, the hosted page and the phone.
func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// Close ends calls that hang on purpose.
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(e.ctx, cancel)()
	e.handler.ServeHTTP(w, r.WithContext(ctx))
}

// Close cancels callbacks in progress and calls that hang, and waits for the callbacks to
// end.
func (e *Emulator) Close() {
	e.cancel()
	e.work.Wait()
	e.http.CloseIdleConnections()
}

// ClientID returns the application's client ID.
func (e *Emulator) ClientID() string { return e.config.ClientID }

// APIKey returns the application's API key.
func (e *Emulator) APIKey() string { return e.config.APIKey }

// SetActive switches the application on or off, as in the Console. While it is off, calls
// fail with INACTIVE.
func (e *Emulator) SetActive(active bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.inactive = !active
}

// SetPush sets whether the user's phone has granted push notifications, which is the
// default. Otherwise CreateSession fails with INACTIVE.
func (e *Emulator) SetPush(email string, granted bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.noPush[email] = !granted
}

// SetCallbackURL sets the address of reports to the application.
func (e *Emulator) SetCallbackURL(u string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.config.CallbackURL = u
}

// SetDelivery sets how results are reported.
func (e *Emulator) SetDelivery(d Delivery) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.config.Delivery = d
}

// ClientOptions returns the options of a client for an emulator at that origin, such as
// "http://localhost:8081".
func ClientOptions(origin string) []client.Option {
	return []client.Option{client.WithBaseURL(origin + APIPath), client.WithWebviewURL(origin + WebviewPath)}
}

// routes returns the handler. The API is one route, so that an unknown path below it gets
// an envelope.
func (e *Emulator) routes() http.Handler {
	pages := http.NewServeMux()
	e.addPhone(pages)
	e.addWebview(pages)
	mux := http.NewServeMux()
	mux.Handle(APIPath+"/", http.HandlerFunc(e.serveAPI))
	mux.Handle("/", withPageHeaders(http.NewCrossOriginProtection().Handler(pages)))
	return mux
}
