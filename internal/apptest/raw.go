package apptest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/eagate/eagate/internal/expect"
)

// Raw sends a request whose target stands in the request line as it is, over a
// connection of its own: net/http's client would tidy it up. The browser's
// cookies go with it, but none comes back.
func (b *Browser) Raw(method, target string, head ...string) Answer {
	b.t.Helper()
	u := expect.Try(url.Parse(b.App.URL)).OrFail(b.t)
	conn := expect.Try(net.Dial("tcp", u.Host)).OrFail(b.t)
	defer conn.Close()
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", method, target, u.Host)
	for i := 0; i < len(head); i += 2 {
		fmt.Fprintf(&text, "%s: %s\r\n", head[i], head[i+1])
	}
	for _, c := range b.Jar.Cookies(u) {
		fmt.Fprintf(&text, "Cookie: %s=%s\r\n", c.Name, c.Value)
	}
	if _, err := io.WriteString(conn, text.String()+"\r\n"); err != nil {
		b.t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		b.t.Errorf("%s %s: %v", method, target, err)
		return Answer{}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Errorf("%s %s: body: %v", method, target, err)
	}
	return Answer{Status: res.StatusCode, Header: res.Header, Location: res.Header.Get("Location"), Body: string(body)}
}
