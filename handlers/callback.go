package handlers

import (
	"crypto/subtle"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"

	"github.com/go-chi/chi/v5"

	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/storelimit"
)

// maxToken is longer than any session token of the service: a longer one is
// unknown, and isn't looked for.
const maxToken = 4 << 10

// callback takes the service's report of a result. The report isn't signed;
// what tells it from anybody else's is the secret in the path, which no browser
// ever sees, and the network that it comes from, where one was named.
//
// It changes the state of a challenge and nothing else: no session is touched,
// and all who knock with a token that means nothing get the same answer.
func (h *Handlers) callback(w http.ResponseWriter, r *http.Request) {
	if !h.knowsSecret(chi.URLParam(r, "secret")) {
		h.unknownSecret(r)
		http.NotFound(w, r)
		return
	}
	if source, ok := h.fromService(r); !ok {
		h.cfg.Log.WarnContext(r.Context(), "eagate: callback from outside the networks of the service", slog.String("source", source))
		http.Error(w, "this network may not report results", http.StatusForbidden)
		return
	}
	report, err := readReport(w, r)
	if err != nil {
		http.Error(w, "the report needs result=true or result=false and session_token, each once", bodyStatus(err))
		return
	}
	var decision factor.Decision
	if len(report.token) <= maxToken {
		decision, err = h.cfg.Rules.Decide(r.Context(), report.token, report.approved)
	}
	if err != nil {
		h.cfg.Log.Log(r.Context(), storelimit.Level(err), "eagate: callback not taken because of a fault", slog.Any("error", err))
		w.Header().Set("Retry-After", "1")
		http.Error(w, "try again", http.StatusServiceUnavailable)
		return
	}
	if decision == factor.DecisionUnknown {
		h.cfg.Log.DebugContext(r.Context(), "eagate: callback for no challenge of ours")
	}
	sendJSON(w, http.StatusOK, typeJSON, map[string]string{"code": "SUCCESS"})
}

// knowsSecret compares in constant time with each of the secrets.
func (h *Handlers) knowsSecret(secret string) bool {
	known := 0
	for _, s := range h.cfg.CallbackSecrets {
		known |= subtle.ConstantTimeCompare([]byte(secret), []byte(s))
	}
	return known == 1
}

// fromService reports whether the request comes from where the service's
// servers are.
func (h *Handlers) fromService(r *http.Request) (source string, ok bool) {
	if len(h.cfg.CallbackNetworks) == 0 {
		return "", true
	}
	addr, err := h.cfg.CallbackSource(r)
	if err != nil {
		return "unknown", false
	}
	addr = addr.Unmap()
	for _, network := range h.cfg.CallbackNetworks {
		if network.Contains(addr) {
			return addr.String(), true
		}
	}
	return addr.String(), false
}

// RemoteAddr is the address at the other end of the connection.
func RemoteAddr(r *http.Request) (netip.Addr, error) {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	return ap.Addr().WithZone(""), err
}

type report struct {
	token    string
	approved bool
}

// readReport takes the two parameters from the query, a form or a JSON object,
// and refuses whatever could be read in two ways.
func readReport(w http.ResponseWriter, r *http.Request) (report, error) {
	names := []string{"result", "session_token"}
	query, err := readForm(r.URL.RawQuery, names)
	if err != nil {
		return report{}, err
	}
	body, err := readFields(w, r, names...) // of a GET too: it might say otherwise
	if err != nil {
		return report{}, err
	}
	result, err := single(query["result"], body["result"])
	if err != nil {
		return report{}, err
	}
	token, err := single(query["session_token"], body["session_token"])
	if err != nil {
		return report{}, err
	}
	if result != "true" && result != "false" {
		return report{}, errBody
	}
	return report{token: token, approved: result == "true"}, nil
}

// single returns the one value that a parameter has, in the query or the body
// or alike in both.
func single(query, body []string) (string, error) {
	values := slices.Concat(query, body)
	if len(values) == 0 || values[0] == "" || values[0] != values[len(values)-1] {
		return "", errBody
	}
	return values[0], nil
}
