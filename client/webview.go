package client

import (
	"errors"
	"net/url"
	"strings"
)

// maxState is the longest state that goes to the webview and back.
const maxState = 512

// RedirectURL returns the address of the service's hosted page that verifies
// the user and then sends the browser to returnURL, with session_token in its
// query on success and error on failure. The return is only a signal to look
// again: it proves nothing.
//
// The address contains the session token, so the browser gets to see it.
func (c *Client) RedirectURL(token, returnURL string) (string, error) {
	const op = "RedirectURL"
	u, err := parseReturn(returnURL)
	if err != nil {
		return "", invalid(op, err)
	}
	return c.hosted(op, token, url.Values{"signin_method": {"redirect"}, "redirect_uri": {u.String()}})
}

// PopupURL returns the address of the same page for a popup window. It reports
// to the window at origin that opened it, by postMessage, and hands back state,
// by which that window tells its own popup from others. The message is only a
// signal to look again: it proves nothing.
//
// The address contains the session token, so the browser gets to see it.
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

// WebviewOrigin returns the origin of the hosted page: what a message from the
// popup must come from, and what a Content-Security-Policy may name. It is
// empty if [Client.Check] fails.
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

// origin is the origin as browsers write it (RFC 6454 §6.2): lower case, and
// without the port that the scheme implies.
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
