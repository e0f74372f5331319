// Package emulator stands in for the eAuthenticator service and for the phone
// in the user's hand: for tests, demos, and development without an account at
// the service.
//
// An [Emulator] is an [http.Handler] with the service's API, its hosted page,
// and a page that plays the phone. In a test, [Start] puts it on a loopback
// port, and the phone is driven from Go:
//
//	srv := emulator.Start(emulator.Config{CallbackURL: app.URL + "/2fa/callback/…"})
//	defer srv.Close()
//	gate, err := middleware.New(middleware.WithService(srv.Client()), …)
//	…
//	phone := srv.Phone("alice@example.com")
//	err = phone.AddAccount(otpauthURI) // what the QR code says
//	code, err := phone.Code()          // what the phone would show
//	request, err := phone.Wait(ctx)    // the push request that arrives
//	replies, err := phone.Approve(ctx) // taps the right number; or Deny, TapWrong, TimeOut, Fail
//
// In a demo, serve it and open its /phone page in a browser:
//
//	emu := emulator.New(emulator.Config{ClientID: id, APIKey: key, CallbackURL: callback})
//	http.ListenAndServe("localhost:8081", emu)
//	c := client.New(id, key, emulator.ClientOptions("http://localhost:8081")...)
//
// It takes calls more strictly than the service may: a field too many, too few,
// twice or of the wrong type is an error. Afterwards it can be asked what
// arrived ([Emulator.Calls]), what was reported ([Emulator.Callbacks]) and what
// the service knows of its users ([Emulator.Users]). And it fails on demand, in
// all the ways that a remote service can, a report of false without a rejection among
// them ([Phone.TimeOut], [Phone.Fail]): see [Emulator.Misbehave],
// [Emulator.SetActive], [Emulator.SetPush] and [Delivery].
//
// It is no authenticator: whoever reaches it can answer for everybody. Never
// put it where it can be reached by others.
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

// Where things are, below the emulator's origin.
const (
	APIPath     = "/authen-api/api/v1"
	WebviewPath = "/start-authentication"
	PhonePath   = "/phone"
)

// Config describes the one application that the emulator knows. The zero value
// is usable.
type Config struct {
	// ClientID and APIKey are what the application was given. What is empty is
	// made up: see [Emulator.ClientID] and [Emulator.APIKey].
	ClientID, APIKey string

	// CallbackURL is where the phone's answers are reported. It can be set
	// later by [Emulator.SetCallbackURL]; while it is empty, nothing is
	// reported.
	CallbackURL string

	// Delivery is how they are reported; the zero value is one GET.
	Delivery Delivery

	// SecretOnDisable makes the last secret a required part of DISABLE.
	SecretOnDisable bool

	// RequireAccount lets requests reach only those users whose phone has an
	// account of this application. Otherwise everybody has a phone.
	RequireAccount bool

	// Lifetime is how long a request can be answered; 5 minutes if zero.
	Lifetime time.Duration

	// Now is the clock; [time.Now] if nil.
	Now func() time.Time

	// RootCAs are the authorities whose certificates the callbacks trust; the system's
	// if nil. Insecure has them trust any certificate: it is for an emulator only.
	RootCAs  *x509.CertPool
	Insecure bool

	// HTTPClient lends its Transport to the callbacks, in place of RootCAs and Insecure.
	HTTPClient *http.Client

	// State is what the emulator begins with, and Changed is told of each change
	// of it, one after the other: for emulators that outlive their process. Both
	// may be left out.
	State   State
	Changed func(State)

	// Logger is told of every call and callback, without their secrets. There
	// is no log if it is nil.
	Logger *slog.Logger
}

// An Emulator is the service with all its phones. It is made by [New], and
// safe for concurrent use.
type Emulator struct {
	config  Config
	handler http.Handler
	key     []byte // signs session tokens
	http    *http.Client

	ctx     context.Context // ends with Close
	cancel  context.CancelFunc
	work    sync.WaitGroup // callbacks on their way
	telling sync.Mutex     // keeps what Changed is told in order

	mu        sync.Mutex
	inactive  bool
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
	// Close ends calls that are kept waiting on purpose.
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(e.ctx, cancel)()
	e.handler.ServeHTTP(w, r.WithContext(ctx))
}

// Close gives up callbacks that are on their way, ends calls that are kept
// waiting, and returns when no callback is left.
func (e *Emulator) Close() {
	e.cancel()
	e.work.Wait()
	e.http.CloseIdleConnections()
}

// ClientID returns the application's client ID.
func (e *Emulator) ClientID() string { return e.config.ClientID }

// APIKey returns the application's API key.
func (e *Emulator) APIKey() string { return e.config.APIKey }

// SetActive switches the application on or off, as in the Console. Calls of an
// application that is off are answered with INACTIVE.
func (e *Emulator) SetActive(active bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.inactive = !active
}

// SetPush says whether the user's phone has granted push notifications, as it
// has from the start. Without, sessions for the user fail with INACTIVE.
func (e *Emulator) SetPush(email string, granted bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.noPush[email] = !granted
}

// SetCallbackURL sets where the phone's answers are reported.
func (e *Emulator) SetCallbackURL(u string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.config.CallbackURL = u
}

// SetDelivery sets how they are reported.
func (e *Emulator) SetDelivery(d Delivery) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.config.Delivery = d
}

// ClientOptions returns what makes a client call the emulator that is served
// at the origin, such as "http://localhost:8081".
func ClientOptions(origin string) []client.Option {
	return []client.Option{
		client.WithBaseURL(origin + APIPath),
		client.WithWebviewURL(origin + WebviewPath),
	}
}

// routes puts the parts together. The API answers below its path itself, so
// that an unknown path there gets an envelope.
func (e *Emulator) routes() http.Handler {
	pages := http.NewServeMux()
	e.addPhone(pages)
	e.addWebview(pages)
	mux := http.NewServeMux()
	mux.Handle(APIPath+"/", http.HandlerFunc(e.serveAPI))
	mux.Handle("/", withPageHeaders(http.NewCrossOriginProtection().Handler(pages)))
	return mux
}
