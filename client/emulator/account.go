package emulator

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
)

// An Account is an account in the phone's authenticator app.
type Account struct {
	Issuer    string
	Email     string
	Secret    string // Base32
	Algorithm string // SHA1, SHA256 or SHA512
	Digits    int
	Period    int    // seconds
	ClientID  string // for push requests; empty if the key was typed in, or is for codes only
}

// isBeginning reports whether a label is the beginning of an address that is too long,
// and an ellipsis.
func isBeginning(label, email string) bool {
	beginning, ok := strings.CutSuffix(label, "…")
	return ok && beginning != "" && strings.HasPrefix(email, beginning)
}

// ParseAccount parses an otpauth URI strictly: it must have a label with issuer and
// e-mail address; secret, issuer, algorithm, digits, client_id and email exactly once;
// period at most once; and no other parameter. An account for codes only has neither
// client_id nor email. Label and parameters must match. The period is 30 seconds by
// default. Errors don't contain the URI, which has the secret.
func ParseAccount(uri string) (Account, error) {
	rest, ok := strings.CutPrefix(uri, "otpauth://totp/")
	if !ok {
		return Account{}, errors.New("emulator: not an otpauth://totp/ URI")
	}
	label, query, ok := strings.Cut(rest, "?")
	if !ok {
		return Account{}, errors.New("emulator: URI has no parameters")
	}
	if i := strings.IndexFunc(uri, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`"<>\^{|}#+`+"`", r) }); i >= 0 {
		return Account{}, fmt.Errorf("emulator: character at byte %d of the URI is not percent-encoded", i)
	}
	// A literal colon ends the issuer; %3A is part of a name.
	issuer, email, ok := strings.Cut(label, ":")
	if !ok || strings.ContainsAny(email, ":/") || strings.Contains(issuer, "/") {
		return Account{}, errors.New("emulator: label is not issuer and e-mail address, parted by a colon")
	}
	issuer, err := url.PathUnescape(issuer)
	if err != nil {
		return Account{}, errors.New("emulator: label is badly escaped")
	}
	email, err = url.PathUnescape(email)
	if err != nil {
		return Account{}, errors.New("emulator: label is badly escaped")
	}
	params, err := parseParams(query)
	if err != nil {
		return Account{}, err
	}
	a := Account{
		Issuer:    params["issuer"],
		Email:     email,
		Secret:    params["secret"],
		Algorithm: params["algorithm"],
		ClientID:  params["client_id"],
	}
	a.Digits, _ = strconv.Atoi(params["digits"])
	a.Period = 30
	if period, ok := params["period"]; ok {
		a.Period, _ = strconv.Atoi(period)
	}
	named, push := params["email"]
	if a.Issuer != issuer || push && named != email && !isBeginning(email, named) {
		return Account{}, errors.New("emulator: label and parameters disagree")
	}
	if push {
		a.Email = named
	}
	if push && a.ClientID == "" {
		return Account{}, errors.New("emulator: client_id is empty")
	}
	return a, a.check()
}

// The parameters of a URI: those of an account are all needed, those of push both or none.
var (
	accountParams = []string{"secret", "issuer", "algorithm", "digits"}
	pushParams    = []string{"client_id", "email"}
	otherParams   = []string{"period"}
)

func parseParams(query string) (map[string]string, error) {
	params := make(map[string]string)
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if !slices.Contains(accountParams, name) && !slices.Contains(pushParams, name) && !slices.Contains(otherParams, name) {
			return nil, errors.New("emulator: unknown parameter")
		}
		if _, twice := params[name]; twice {
			return nil, fmt.Errorf("emulator: parameter %s comes twice", name)
		}
		var err error
		if params[name], err = url.PathUnescape(value); err != nil {
			return nil, fmt.Errorf("emulator: parameter %s is badly escaped", name)
		}
	}
	needed := accountParams
	_, named := params["client_id"]
	if _, too := params["email"]; named || too {
		needed = slices.Concat(accountParams, pushParams)
	}
	for _, name := range needed {
		if _, ok := params[name]; !ok {
			return nil, fmt.Errorf("emulator: parameter %s is missing", name)
		}
	}
	return params, nil
}

// Code returns the account's code at that time.
func (a Account) Code(t time.Time) (string, error) {
	if err := a.check(); err != nil {
		return "", err
	}
	return totp.GenerateCodeCustom(a.Secret, t, totp.ValidateOpts{
		Period:    uint(a.Period),
		Digits:    otp.Digits(a.Digits),
		Algorithm: algorithms[a.Algorithm],
	})
}

var algorithms = map[string]otp.Algorithm{
	"SHA1":   otp.AlgorithmSHA1,
	"SHA256": otp.AlgorithmSHA256,
	"SHA512": otp.AlgorithmSHA512,
}

func (a Account) check() error {
	_, known := algorithms[a.Algorithm]
	switch {
	case a.Issuer == "" || a.Email == "":
		return errors.New("emulator: issuer or e-mail address is empty")
	case !goodSecret(a.Secret):
		return errors.New("emulator: secret is not Base32 without padding")
	case !known:
		return errors.New("emulator: algorithm is not SHA1, SHA256 or SHA512")
	case a.Digits < 6 || a.Digits > 8:
		return errors.New("emulator: digits are not 6 to 8")
	case a.Period < 1 || a.Period > 3600:
		return errors.New("emulator: period is not 1 to 3600 seconds")
	}
	return nil
}

// typedAccount returns the account of a key that was typed in, with the parameters that
// apps assume.
func typedAccount(email, key string) (Account, error) {
	key = strings.ToUpper(strings.Join(strings.Fields(key), ""))
	a := Account{Issuer: "Typed in", Email: strings.TrimSpace(email), Secret: key, Algorithm: "SHA1", Digits: 6, Period: 30}
	return a, a.check()
}

// addAccount adds the account to the phone.
func (e *Emulator) addAccount(a Account) error {
	if a.ClientID != "" && a.ClientID != e.config.ClientID {
		return errors.New("emulator: account is another application's")
	}
	e.mu.Lock()
	e.accounts = slices.DeleteFunc(e.accounts, func(b Account) bool { return b.Issuer == a.Issuer && b.Email == a.Email })
	e.accounts = append(e.accounts, a)
	e.mu.Unlock()
	e.changed()
	return nil
}

// Accounts returns the accounts on all phones, in the order they were added.
func (e *Emulator) Accounts() []Account {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.accounts)
}

func (e *Emulator) account(email string) (Account, bool) {
	for _, a := range slices.Backward(e.Accounts()) {
		if a.Email == email {
			return a, true
		}
	}
	return Account{}, false
}

// hasAccount reports whether push requests reach the user. e.mu must be held.
func (e *Emulator) hasAccount(email string) bool {
	return slices.ContainsFunc(e.accounts, func(a Account) bool { return a.Email == email && a.ClientID != "" })
}
