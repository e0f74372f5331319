package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// A Challenge is how a challenge stands.
type Challenge struct {
	State    string `json:"state"`
	Number   string `json:"number"`
	Verified bool   `json:"verified"`
	Title    string `json:"title"` // of a problem
}

// Prove asks the phone, shows the number to tap on it, and returns when the session is
// verified. The client's transport sends the session's cookie, and keeps the one that
// responses set. Base is the address of the gate's routes, such as
// https://app.example.com/2fa.
func Prove(client *http.Client, base string, show func(number string)) error {
	browser := "new"
	call := func(method, path string) (c Challenge, err error) {
		req, err := http.NewRequest(method, base+path, nil)
		if err != nil {
			return c, err
		}
		req.Header.Set("Accept", "application/json")
		req.Header.Set("Eagate-Browser", browser)
		res, err := client.Do(req)
		if err != nil {
			return c, err
		}
		defer res.Body.Close()
		if value := res.Header.Get("Eagate-Browser"); value != "" {
			browser = value
		}
		if err := json.NewDecoder(res.Body).Decode(&c); err != nil {
			return c, err
		}
		if res.StatusCode >= 400 {
			return c, errors.New(c.Title)
		}
		return c, nil
	}
	c, err := call("POST", "/challenge")
	if err != nil || c.Verified {
		return err
	}
	show(c.Number)
	for c.State == "pending" {
		if c, err = call("GET", "/challenge/status"); err != nil {
			return err
		}
		if c.State == "pending" {
			time.Sleep(2 * time.Second)
		}
	}
	if c, err = call("GET", "/challenge"); err == nil && !c.Verified {
		err = fmt.Errorf("not approved: %s", c.State)
	}
	return err
}
