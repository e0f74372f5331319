package middleware_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/go-chi/chi/v5"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/store"
)

// key stands for 32 random bytes from a vault or the environment.
var key = []byte("0123456789abcdef0123456789abcdef")

// users stands for a table of users by ID; there is nobody under any other ID.
var users = map[string]middleware.User{
	"7": {ID: "7", Email: "alice@example.com"},
}

// newGate makes a gate as an application does, with its session manager.
func newGate(opts ...middleware.Option) (*middleware.Gate, *scs.SessionManager) {
	gate, sessions, err := tryGate(opts...)
	if err != nil {
		panic(err)
	}
	return gate, sessions
}

// tryGate is newGate for options that may be wrong.
func tryGate(opts ...middleware.Option) (*middleware.Gate, *scs.SessionManager, error) {
	sessions := scs.New()
	sessions.Cookie.Secure = true
	gate, err := middleware.New(append([]middleware.Option{
		middleware.WithSessions(sessions),
		middleware.WithService(client.New("f0e1d2c3-client-id", "api-key")),
		middleware.WithStore(store.NewMemory()),
		middleware.WithUser(func(r *http.Request) (middleware.User, error) {
			return users[sessions.GetString(r.Context(), "user")], nil
		}),
		middleware.WithIssuer("Acme"),
		middleware.WithKey(key),
	}, opts...)...)
	return gate, sessions, err
}

// New reports all that is wrong at once.
func ExampleNew() {
	_, err := middleware.New(
		middleware.WithSessions(scs.New()),
		middleware.WithService(client.New("f0e1d2c3-client-id", "api-key")),
		middleware.WithStore(store.NewMemory()),
		middleware.WithUser(func(*http.Request) (middleware.User, error) { return middleware.User{}, nil }),
		middleware.WithKey(key),
	)
	fmt.Println(err)
	// Output:
	// middleware: WithSessions: the session cookie isn't Secure: set Cookie.Secure, or for development WithInsecureCookie
	// middleware: WithIssuer: no name for the application
}

// The ID in the session leads to the user. A database that doesn't answer is an error,
// and a user who isn't there any more is nobody.
func ExampleWithUser() {
	var down bool
	gate, sessions := newGate(middleware.WithUser(func(r *http.Request) (middleware.User, error) {
		if down {
			return middleware.User{}, errors.New("users: the database is down")
		}
		return users[r.Header.Get("X-User")], nil // of a session, rather
	}), middleware.WithLogger(slog.New(slog.DiscardHandler)))
	app := sessions.LoadAndSave(gate.Handler(http.HandlerFunc(welcome)))
	get := func(id string) {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/account", nil)
		r.Header.Set("X-User", id)
		app.ServeHTTP(w, r)
		fmt.Println(w.Code)
	}
	get("7")
	get("8") // was deleted: what becomes of it is the application's
	down = true
	get("7")
	// Output:
	// 200
	// 200
	// 503
}

// On chi, the gate is one more middleware, inside the session manager's.
func ExampleGate_Handler_chi() {
	gate, sessions := newGate(middleware.WithLoginPath("/login"), middleware.WithLogoutPath("/logout"))
	r := chi.NewRouter()
	r.Use(sessions.LoadAndSave, gate.Handler)
	r.Get("/account", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "Welcome") })

	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequest("GET", "/account", nil))
	fmt.Print(w.Body)
	// Output: Welcome
}

// On net/http, it wraps the mux.
func ExampleGate_Handler() {
	gate, sessions := newGate()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /account", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "Welcome") })
	handler := sessions.LoadAndSave(gate.Handler(mux))

	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest("GET", "/account", nil))
	fmt.Print(w.Body)
	// Output: Welcome
}

// The other way round, the gate finds no session and lets nobody pass. The log
// says why.
func ExampleGate_Handler_wrongOrder() {
	gate, sessions := newGate()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /account", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "Welcome") })
	handler := gate.Handler(sessions.LoadAndSave(mux)) // wrong

	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest("GET", "/account", nil))
	fmt.Println(w.Code)
	// Output: 500
}

// Require guards a group of routes; the pages are mounted apart.
func ExampleGate_Require() {
	gate, sessions := newGate()
	r := chi.NewRouter()
	r.Use(sessions.LoadAndSave)
	r.Mount("/2fa", gate.Routes())
	r.Get("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "Hello, whoever you are") })
	r.Group(func(r chi.Router) {
		r.Use(gate.Require)
		r.Get("/account", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "Welcome") })
	})

	for _, path := range []string{"/", "/account"} {
		w := httptest.NewRecorder()
		r.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		fmt.Print(w.Body)
	}
	// Output:
	// Hello, whoever you are
	// Welcome
}

func ExampleGate_Routes() {
	gate, sessions := newGate()
	mux := http.NewServeMux()
	mux.Handle("/2fa/", gate.Routes())

	w := httptest.NewRecorder()
	sessions.LoadAndSave(mux).ServeHTTP(w, httptest.NewRequest("GET", "/2fa/", nil))
	fmt.Println(w.Code, "because nobody is logged in")
	// Output: 401 because nobody is logged in
}

// The URL ends with a secret that is derived from the key.
func ExampleGate_CallbackURL() {
	gate, _ := newGate(middleware.WithOrigin("https://app.example.com"))
	url, err := gate.CallbackURL()
	if err != nil {
		panic(err)
	}
	fmt.Println(url[:len(url)-len("0123456789abcdefghijklmnopqrstuv")] + "…")

	// Output: https://app.example.com/2fa/callback/…
}

// Run belongs beside the server, and ends with the program's context.
func ExampleGate_Run() {
	gate, _ := newGate()
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	gate.Run(ctx)
	fmt.Println("ended:", ctx.Err())
	// Output: ended: context deadline exceeded
}

// The server's end also ends the streams of pages that wait for the phone, so that it
// takes no longer than the other requests.
func ExampleGate_EndStreams() {
	gate, sessions := newGate()
	server := &http.Server{Handler: sessions.LoadAndSave(gate.Handler(http.NotFoundHandler()))}
	server.RegisterOnShutdown(gate.EndStreams)
	fmt.Println(server.Shutdown(context.Background()))
	// Output: <nil>
}

// A handler can see how and when the session was verified.
func ExampleGate_Verification() {
	gate, sessions := newGate()
	account := func(w http.ResponseWriter, r *http.Request) {
		if v, ok := gate.Verification(r); ok && v.Method == eagate.Push {
			fmt.Fprintln(w, "confirmed on the phone", time.Since(v.At).Round(time.Minute), "ago")
			return
		}
		fmt.Fprintln(w, "not confirmed on the phone")
	}
	handler := sessions.LoadAndSave(gate.Handler(http.HandlerFunc(account)))

	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest("GET", "/account", nil))
	fmt.Print(w.Body)
	// Output: not confirmed on the phone
}

// The emulator plays the service and the phone in an application's own tests.
func Example_test() {
	service := emulator.Start(emulator.Config{})
	defer service.Close()
	sessions := scs.New()
	app := httptest.NewUnstartedServer(nil) // has its address already
	gate, err := middleware.New(
		middleware.WithSessions(sessions),
		middleware.WithInsecureCookie(),
		middleware.WithService(service.Client()),
		middleware.WithStore(store.NewMemory()),
		middleware.WithUser(func(*http.Request) (middleware.User, error) {
			return middleware.User{ID: "7", Email: "alice@example.com"}, nil // always logged in
		}),
		middleware.WithIssuer("Acme"),
		middleware.WithKey(key),
		middleware.WithOrigin("http://"+app.Listener.Addr().String()),
	)
	if err != nil {
		panic(err)
	}
	account := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "Welcome") })
	app.Config.Handler = sessions.LoadAndSave(gate.Handler(account))
	app.Start()
	defer app.Close()
	callback, err := gate.CallbackURL()
	if err != nil {
		panic(err)
	}
	service.SetCallbackURL(callback)

	// Alice switches the second factor on.
	phone := service.Phone("alice@example.com")
	b := newBrowser(app.URL)
	var enrolment struct{ URI string }
	if err := json.Unmarshal([]byte(b.do("POST", "/2fa/enable", "")), &enrolment); err != nil {
		panic(err)
	}
	if err := phone.AddAccount(enrolment.URI); err != nil {
		panic(err)
	}
	code, err := phone.Code()
	if err != nil {
		panic(err)
	}
	b.do("POST", "/2fa/enable/confirm", `{"code":"`+code+`"}`)
	fmt.Println("where she switched it on:", b.do("GET", "/account", ""))

	// Then she comes from elsewhere.
	b = newBrowser(app.URL)
	b.do("POST", "/2fa/challenge", "")
	if _, err := phone.Approve(context.Background()); err != nil {
		panic(err)
	}
	fmt.Println("after the tap:", b.do("GET", "/account", ""))
	// Output:
	// where she switched it on: Welcome
	// after the tap: Welcome
}

// A browser is a program's client that keeps cookies.
type browser struct {
	url    string
	client *http.Client
}

func newBrowser(url string) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err)
	}
	return &browser{url, &http.Client{Jar: jar}}
}

func (b *browser) do(method, path, body string) string {
	req, err := http.NewRequest(method, b.url+path, strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Content-Type", "application/json")
	res, err := b.client.Do(req)
	if err != nil {
		panic(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// An operator's command lists whom the service hasn't been told of yet.
func ExampleAdmin_LateSyncs() {
	gate, _ := newGate()
	for late, err := range gate.Admin().LateSyncs(context.Background()) {
		if err != nil {
			panic(err)
		}
		fmt.Println(late.UserID, "since", late.Since, "because of", late.LastError)
	}
	// Output:
}

// After the service has lost something, it is told again how all accounts stand.
func ExampleAdmin_ResyncAll() {
	gate, _ := newGate()
	done, err := gate.Admin().ResyncAll(context.Background(), nil)
	fmt.Println(done.Changed, "accounts to be told of", err)
	// Output: 0 accounts to be told of <nil>
}

// The former key can be taken away once nothing is sealed by it any more.
func ExampleAdmin_ResealAll() {
	next := []byte("fedcba9876543210fedcba9876543210")
	gate, _ := newGate(middleware.WithKey(next, key))
	done, err := gate.Admin().ResealAll(context.Background(), func(p middleware.Progress) {
		fmt.Printf("%d records looked at, %d sealed anew\n", p.Seen, p.Changed)
	})
	fmt.Println(done.Failed, "failed", err)
	// Output:
	// 0 records looked at, 0 sealed anew
	// 0 failed <nil>
}

func ExampleGate_Admin() {
	gate, _ := newGate()
	admin := gate.Admin()
	mux := http.NewServeMux() // that only operators reach
	mux.HandleFunc("POST /resync", func(w http.ResponseWriter, r *http.Request) {
		if _, err := admin.ResyncAll(r.Context(), nil); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})

	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("POST", "/resync", nil))
	fmt.Println(w.Code)
	// Output: 200
}

// Money is transferred by those who have confirmed it on the phone, a moment ago.
func ExampleGate_RequireMethod() {
	gate, sessions := newGate()
	r := chi.NewRouter()
	r.Use(sessions.LoadAndSave, gate.Handler)
	r.With(gate.RequireMethod(eagate.Push), gate.RequireRecent(5*time.Minute)).
		Post("/transfer", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "Done") })

	request := httptest.NewRequest("POST", "/transfer", nil)
	request.Header.Set("Accept", "application/json")
	w := httptest.NewRecorder()
	r.ServeHTTP(w, request)
	fmt.Println(w.Body)
	// Output: {"type":"urn:eagate:problem:sign-in-required","title":"Sign in first","status":401}
}

// The keys are for those who have given the second factor a moment ago.
func ExampleGate_RequireRecent() {
	gate, sessions := newGate()
	keys := func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "The keys") }
	mux := http.NewServeMux()
	mux.Handle("GET /keys", gate.RequireRecent(5*time.Minute)(http.HandlerFunc(keys)))
	handler := sessions.LoadAndSave(gate.Handler(mux))

	r := httptest.NewRequest("GET", "/keys", nil)
	r.Header.Set("Accept", "application/json")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	fmt.Println(w.Code, "because nobody is logged in")
	// Output: 401 because nobody is logged in
}
