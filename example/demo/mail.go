package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/eagate/eagate/middleware"
)

// printMail stands for an e-mail to the user. A real one looks up the address and
// the language of n.UserID, and has n.In(language) sent.
func printMail(_ context.Context, n middleware.Notice) error {
	text := strings.ReplaceAll(strings.TrimSpace(n.Text), "\n", "\n           ")
	_, err := fmt.Printf("e-mail     to %s: %s\n           %s\n", n.Email, n.Subject, text)
	return err
}
