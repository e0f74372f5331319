package emulator_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/client/emulator"
)

func Example() {
	app := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println("the application is told:", r.FormValue("result"))
	}))
	defer app.Close()
	srv := emulator.Start(emulator.Config{CallbackURL: app.URL})
	defer srv.Close()

	ctx := context.Background()
	token, err := srv.Client().CreateSession(ctx, "alice@example.com")
	if err != nil {
		fmt.Println(err)
		return
	}
	number, _ := srv.Client().SecretNumber(ctx, token)

	phone := srv.Phone("alice@example.com")
	request, _ := phone.Wait(ctx)
	fmt.Println("the phone asks for the same number:", request.Number == number)
	replies, err := phone.Approve(ctx)
	fmt.Println("and answers:", replies[0].Status, err)
	// Output:
	// the phone asks for the same number: true
	// the application is told: true
	// and answers: 200 <nil>
}

// The service reports false, although the user has rejected nothing.
func ExamplePhone_Fail() {
	app := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println("the application is told:", r.FormValue("result"))
	}))
	defer app.Close()
	srv := emulator.Start(emulator.Config{CallbackURL: app.URL})
	defer srv.Close()

	ctx := context.Background()
	phone := srv.Phone("alice@example.com")
	for _, end := range []func(context.Context) ([]emulator.Reply, error){phone.Fail, phone.TimeOut} {
		_, _ = srv.Client().CreateSession(ctx, "alice@example.com")
		_, _ = end(ctx)
	}
	fmt.Println(srv.Requests()[0].State, srv.Requests()[1].State)
	// Output:
	// the application is told: false
	// the application is told: false
	// failed expired
}

// The link is what the QR code has; the secret is that of RFC 6238.
func ExamplePhone_AddAccount() {
	srv := emulator.Start(emulator.Config{})
	defer srv.Close()
	phone := srv.Phone("alice@example.com")
	err := phone.AddAccount("otpauth://totp/Acme:alice@example.com" +
		"?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Acme&algorithm=SHA1&digits=6&period=30")
	code, _ := phone.CodeAt(time.Unix(59, 0))
	fmt.Println(code, err)
	// Output: 287082 <nil>
}

func ExampleNew() {
	emu := emulator.New(emulator.Config{ClientID: "client-id", APIKey: "key"})
	defer emu.Close()
	srv := httptest.NewServer(emu) // or http.ListenAndServe("localhost:8081", emu)
	defer srv.Close()

	c := client.New("client-id", "key", emulator.ClientOptions(srv.URL)...)
	_, err := c.CreateSession(context.Background(), "alice@example.com")
	fmt.Println(err, len(emu.Phone("alice@example.com").Pending()))
	// Output: <nil> 1
}

func ExampleEmulator_Misbehave() {
	srv := emulator.Start(emulator.Config{})
	defer srv.Close()
	srv.Misbehave(emulator.CreateSession, emulator.StatusFault(503), 1)

	_, err := srv.Client().CreateSession(context.Background(), "alice@example.com")
	fmt.Println(err)
	_, err = srv.Client().CreateSession(context.Background(), "alice@example.com")
	fmt.Println(err)
	// Output:
	// client: CreateSession: service unavailable (HTTP 503): answer is not JSON
	// <nil>
}

// What a remote service can do to a call: the client takes it for a service that is down,
// except for a success without its data.
func ExampleFault() {
	srv := emulator.Start(emulator.Config{})
	defer srv.Close()
	c := client.New(srv.ClientID(), srv.APIKey(), append(emulator.ClientOptions(srv.URL), client.WithTimeout(time.Second), client.WithCircuit(100, time.Second))...)
	for _, fault := range []emulator.Fault{
		emulator.HTMLFault(), emulator.TruncatedFault(), emulator.ContentTypeFault(), emulator.HugeFault(), emulator.GzipBombFault(), emulator.SilentFault(),
		emulator.DripFault(time.Second), emulator.RedirectFault("/"), emulator.ResetFault(), emulator.DataFault("{}"), emulator.EnvelopeFault(500, "5000", "down"),
	} {
		srv.Misbehave(emulator.CreateSession, fault, 1)
		if _, err := c.CreateSession(context.Background(), "alice@example.com"); !errors.Is(err, client.ErrUnavailable) {
			fmt.Println(err)
		}
	}
	// Output: client: CreateSession: answer makes no sense (HTTP 200): success without a usable session token
}

// The hosted page comes back with an error, though nobody has answered.
func ExampleEmulator_Forge() {
	srv := emulator.Start(emulator.Config{})
	defer srv.Close()
	srv.Forge(func(r *emulator.Return) { r.Token, r.Error = "", "INTERNAL_SERVER_ERROR" })

	token, _ := srv.Client().CreateSession(context.Background(), "alice@example.com")
	page, _ := srv.Client().RedirectURL(token, "https://app.example.com/2fa/return")
	res, err := http.DefaultTransport.RoundTrip(httptest.NewRequest("GET", page, nil))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer res.Body.Close()
	fmt.Println(res.StatusCode, res.Header.Get("Location"))
	// Output: 303 https://app.example.com/2fa/return?error=INTERNAL_SERVER_ERROR
}

func ExampleParseAccount() {
	a, err := emulator.ParseAccount("otpauth://totp/Acme%20Inc:alice%40example.com" +
		"?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Acme%20Inc&algorithm=SHA1&digits=6&period=30" +
		"&client_id=7e0c4f7e-35a5-4b56-8a52-2d3d4ce1a0c9&email=alice%40example.com")
	fmt.Println(a.Issuer, a.Email, err)

	_, err = emulator.ParseAccount("otpauth://totp/Acme:alice%40example.com?secret=JBSWY3DPEHPK3PXP&secret=AAAA")
	fmt.Println(err)
	// Output:
	// Acme Inc alice@example.com <nil>
	// emulator: parameter secret comes twice
}

// Why the application didn't take a report.
func ExampleCallback_Reason() {
	app := httptest.NewServer(http.NotFoundHandler())
	defer app.Close()
	srv := emulator.Start(emulator.Config{CallbackURL: app.URL + "/2fa/callback/of-another-key"})
	defer srv.Close()

	if _, err := srv.Report(context.Background(), "session token", true); err != nil {
		panic(err)
	}
	for _, callback := range srv.Callbacks() {
		fmt.Println(callback.Reason())
	}
	// Output: HTTP 404 Not Found: 404 page not found (is the callback URL the one that gate.CallbackURL returns now?)
}
