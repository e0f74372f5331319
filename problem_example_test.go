package eagate_test

import (
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/eagate/eagate"
)

// A program asks an application that demands a second factor.
func ExampleParseProblem() {
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"type":"urn:eagate:problem:second-factor-required","title":"The second factor is required",`+
			`"status":403,"challenge_url":"/2fa/challenge"}`)
	}))
	defer app.Close()

	resp, err := http.Get(app.URL + "/account")
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	var refusal struct {
		Type         string `json:"type"`
		ChallengeURL string `json:"challenge_url"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&refusal); err != nil {
		log.Fatal(err)
	}
	problem, err := eagate.ParseProblem(refusal.Type)
	if err != nil {
		log.Fatal(resp.Status, ": ", err)
	}
	if problem == eagate.ProblemSecondFactorRequired || problem == eagate.ProblemStepUpRequired {
		fmt.Println("prove the second factor at", refusal.ChallengeURL)
	} else {
		fmt.Println(problem.Title())
	}
	// Output: prove the second factor at /2fa/challenge
}

// The problems of those who have asked or tried too often.
func ExampleProblems() {
	for p := range eagate.Problems() {
		if p.Status() == http.StatusTooManyRequests {
			fmt.Println(p.URI())
		}
	}
	// Output:
	// urn:eagate:problem:code-busy
	// urn:eagate:problem:code-paused
	// urn:eagate:problem:code-blocked
	// urn:eagate:problem:push-limited
	// urn:eagate:problem:recovery-limited
	// urn:eagate:problem:many-wait
}
