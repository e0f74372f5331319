package session

import "net/http"

// cookie returns the value of the only cookie of that name. Where there are several,
// none counts: some were planted, by a sibling host perhaps, nobody can tell which,
// and trying each would have one request ask the store thousands of times.
func cookie(r *http.Request, name string) (value string, ok bool) {
	cookies := r.CookiesNamed(name)
	if len(cookies) != 1 {
		return "", false
	}
	return cookies[0].Value, true
}
