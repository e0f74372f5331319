// Mobile signs in as a native app does, with the second factor on the phone. It needs the
// demo (make demo, in another terminal), where the user has switched the second factor on:
//
//	go run ./mobile alice@example.com
package main

import (
	"fmt"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"

	"github.com/eagate/eagate/example/demo/app"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: mobile EMAIL, of a user of the demo, such as alice@example.com")
	}
	const origin = "http://localhost:8080"
	jar, err := cookiejar.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	client := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // the page after the login would begin a challenge of its own
	}}
	res, err := client.PostForm(origin+"/login", url.Values{"email": {os.Args[1]}, "password": {app.Password}})
	if err != nil {
		log.Fatalf("%v: is the demo running?", err)
	}
	res.Body.Close()
	err = Prove(client, origin+"/2fa", func(number string) {
		fmt.Printf("Tap %s on http://localhost:8081/phone; Ctrl-C stops.\n", number)
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("The session is verified.")
}
