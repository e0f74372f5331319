package middleware_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"

	"github.com/go-chi/chi/v5"
	chimiddleware "github.com/go-chi/chi/v5/middleware"

	"github.com/eagate/eagate/middleware"
)

// For whatever logs requests, by its own middleware or a proxy's.
func ExampleRedactURL() {
	u, err := url.Parse("/2fa/callback/0123456789abcdefghijklmnopqrstuv?result=true&session_token=eyJhbGciOiJIUzI1NiJ9")
	if err != nil {
		panic(err)
	}
	fmt.Println(middleware.RedactURL(u))
	// Output: /2fa/callback/REDACTED?result=true&session_token=REDACTED
}

// In place of chi's Logger, before everything else.
func ExampleLogFormatter() {
	lines := log.New(shorten{}, "", 0)
	router := chi.NewRouter()
	router.Use(chimiddleware.RequestLogger(middleware.LogFormatter(&chimiddleware.DefaultLogFormatter{Logger: lines, NoColor: true})))
	router.Get("/2fa/*", func(http.ResponseWriter, *http.Request) {})

	router.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/2fa/return?session_token=eyJhbGciOiJIUzI1NiJ9", nil))
	// Output: "GET http://example.com/2fa/return?session_token=REDACTED HTTP/1.1"
}

// shorten leaves out of a line what is different each time.
type shorten struct{}

func (shorten) Write(line []byte) (int, error) {
	for i, quotes := 0, 0; i < len(line); i++ {
		if line[i] == '"' {
			quotes++
		}
		if quotes == 2 {
			fmt.Fprintln(os.Stdout, string(line[:i+1]))
			break
		}
	}
	return len(line), nil
}
