package client

import (
	"errors"
	"net/url"
	"strings"
)

// maxState is the longest state that the hosted page returns.
const maxState = 512

// RedirectURL returns the address of the service's hosted page, which shows the number
// and then redirects to returnURL, with session_token in the query on success and error
// on failure. The return proves nothing; it only means that the result can be looked up.
//
// The address contains the session token, so the browser knows it.
func (c *Client) RedirectURL(token, returnURL string) (string, error) {
	const op = "RedirectURL"
	u, err := parseReturn(returnURL)
	if err != nil {
		return "", invalid(op, err)
	}
	return c.hosted(op, token, url.Values{"signin_method": {"redirect"}, "redirect_uri": {u.String()}})
}

// PopupURL returns the address of the hosted page for a popup. It sends the result to its
// opener at origin by postMessage, with state, by which the opener recognizes its own
// popup. The message proves nothing; it only means that the result can be looked up.
//
// The address contains the session token, so the browser knows it.
func (c *Client) PopupURL(token, origin, state string) (string, error) {
	const op = "PopupURL"
	u, err := parseReturn(origin)
	if err != nil {
		return "", invalid(op, err)
	}
	if u.Path != "" || u.RawQuery != "" || u.ForceQuery {
		return "", invalid(op, errors.New("origin has more than scheme, host and port"))
	}
	if !visible(state, maxState) {
		return "", invalid(op, errors.New("state is not 1 to 512 visible ASCII characters"))
	}
	return c.hosted(op, token, url.Values{"signin_method": {"popup"}, "redirect_uri": {u.String()}, "state": {state}})
}

// WebviewOrigin returns the origin of the hosted page, for checking messages of the popup
// and for a Content-Security-Policy. It is "" if [Client.Check] fails.
func (c *Client) WebviewOrigin() string {
	if c.fault != nil {
		return ""
	}
	return origin(c.webview)
}

func (c *Client) hosted(op, token string, query url.Values) (string, error) {
	if c.fault != nil {
		return "", invalid(op, c.fault)
	}
	if !visible(token, maxToken) {
		return "", invalid(op, errors.New("session token is not 1 to 4096 visible ASCII characters"))
	}
	query.Set("session_token", token)
	u := *c.webview
	u.RawQuery = query.Encode()
	return u.String(), nil
}

func parseReturn(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Hostname() == "" || u.Opaque != "" || u.User != nil || strings.Contains(raw, "#"):
		return nil, errors.New("return address is not an absolute URL without user and fragment")
	case u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())):
		return nil, errors.New("return address is not https")
	}
	return u, nil
}

// origin returns the origin as browsers write it (RFC 6454 §6.2): in lower case, without
// the scheme's default port.
func origin(u *url.URL) string {
	host := strings.ToLower(u.Host)
	switch u.Scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	}
	return u.Scheme + "://" + host
}
