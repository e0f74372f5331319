// Serve runs the emulator of the eAuthenticator service and the phone as a server, for
// developing an application without an account at the service:
//
//	go run github.com/eagate/eagate/client/emulator/serve@latest -callback URL
//
// It prints the environment to export and the address of the phone. It provides no
// security, and listens on loopback by default.
package main

import (
	"crypto/x509"
	"flag"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/eagate/eagate/client/emulator"
)

func main() {
	addr := flag.String("addr", "localhost:8081", "the `address` to listen on")
	callback := flag.String("callback", "", "the `URL` that results are reported to: what gate.CallbackURL returns")
	clientID := flag.String("client-id", "emulated-client", "the application's client `ID`")
	apiKey := flag.String("api-key", "emulated-key", "the application's API `key`")
	ca := flag.String("ca", "", "a `file` of PEM certificates, whose authorities https callbacks are trusted by in place of the system's")
	insecure := flag.Bool("insecure", false, "trust any certificate of an https callback")
	flag.Parse()
	roots, err := authorities(*ca)
	if err != nil {
		log.Fatal("-ca: ", err)
	}

	emu := emulator.New(emulator.Config{
		ClientID: *clientID, APIKey: *apiKey, CallbackURL: *callback, RootCAs: roots, Insecure: *insecure,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	l, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	origin := "http://" + l.Addr().String()
	fmt.Printf("phone: %s%s\n", origin, emulator.PhonePath)
	fmt.Printf("export EAUTH_API_URL=%s%s EAUTH_CLIENT_ID=%s EAUTH_API_KEY=%s\n", origin, emulator.APIPath, *clientID, *apiKey)
	if *callback == "" {
		fmt.Println("no -callback: what the phone answers is reported to nobody")
	}
	server := &http.Server{Handler: emu, ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.Serve(l))
}

// authorities returns the certificates of a file, or nil for the system's.
func authorities(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("no certificate in %s", file)
	}
	return roots, nil
}
