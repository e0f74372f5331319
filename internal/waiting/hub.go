// Package waiting has the state of the accounts and challenges for which sign-ins wait on
// this node. It reads them from the store once for all of them, so that waiting costs the
// store little.
//
// The state is only shown on waiting pages. An unlock reads the store.
package waiting

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/internal/storelimit"
	"github.com/eagate/eagate/store"
)

const (
	tick   = time.Second      // between reads without a watch
	fresh  = 2 * time.Second  // the greatest age without a watch
	net    = 30 * time.Second // between reads with a watch
	alive  = 15               // ticks between keep-alives, shorter than timeouts of proxies
	lease  = 10 * time.Second // how long a user's records are kept after a request
	linger = 3 * time.Second  // the same after a stream

	// waitersMost is the number of waiters per user: the tabs of a session, because only
	// one session of a user has a request on the phone.
	waitersMost = 16
)

// A Hub has the records of users for whom pages wait on this node. It is safe for
// concurrent use. It has goroutines only while it has records.
type Hub struct {
	records *records.Records
	now     func() time.Time // for the expiry of challenges
	log     *slog.Logger

	mu         sync.Mutex
	users      map[string]*user // by user ID
	accounts   shelf[records.Account]
	challenges shelf[records.Challenge]
	run        *run // nil without users
	next       int  // tick at which the next waiter gets its keep-alives
}

// A user is one for whom pages wait.
type user struct {
	account    *item[records.Account]
	challenges []*item[records.Challenge]
	waiters    []*Waiter
	until      time.Time         // until when to keep the user without waiters
	expiry     time.Time         // by the rules' clock: of a challenge or a reservation, or zero
	locked     map[string]uint64 // see NoteLocked
}

// New returns a hub of those records. now is the clock for the expiry of challenges.
func New(r *records.Records, now func() time.Time, log *slog.Logger) *Hub {
	return &Hub{
		records: r, now: now, log: log,
		users: make(map[string]*user),
		accounts: shelf[records.Account]{
			kind: store.Accounts, read: r.ReadAccounts, items: make(map[string]*item[records.Account]),
			version: func(a *records.Account) uint64 { return a.Version },
		},
		challenges: shelf[records.Challenge]{
			kind: store.Challenges, read: r.ReadChallenges, items: make(map[string]*item[records.Challenge]),
			version: func(c *records.Challenge) uint64 { return c.Version },
		},
	}
}

// Account returns the fields of the user's account that waiting needs, and keeps the
// account from now on: from memory if memoryDoes and the state is fresh, or else from the
// store. The result must not be changed.
func (h *Hub) Account(ctx context.Context, userID string, memoryDoes bool) (*records.Account, error) {
	h.mu.Lock()
	u := h.keep(userID, lease)
	it, gen := u.account, u.account.gen
	if memoryDoes && h.accounts.isFresh(it) {
		defer h.mu.Unlock()
		return it.rec, nil
	}
	h.mu.Unlock()
	began := time.Now()
	// An earlier read of the request may be older than the state here.
	a, err := h.records.Account(storelimit.Fresh(ctx), userID)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if a.Version != it.version {
		for _, c := range u.challenges {
			c.began = time.Time{} // must be read after it
			h.challenges.mark(c)
		}
	}
	h.putAccount(it, gen, began, &a, nil)
	return &a, nil
}

// Challenge is Account for a challenge of the user. If there is none, it returns a zero
// one with its ID.
func (h *Hub) Challenge(ctx context.Context, userID, id string, memoryDoes bool) (*records.Challenge, error) {
	h.mu.Lock()
	u := h.keep(userID, lease)
	it := h.want(u, id)
	it.asked = time.Now()
	gen := it.gen
	if memoryDoes && h.challenges.isFresh(it) {
		defer h.mu.Unlock()
		return it.rec, nil
	}
	marked := it.marked
	it.marked = false // until it changes
	h.mu.Unlock()
	began := time.Now()
	var c records.Challenge
	var fault error
	err := h.records.ReadChallenges(storelimit.Fresh(ctx), []records.Seen{{ID: id, Version: never}}, func(_ int, read records.Challenge, err error) { c, fault = read, err })
	if err == nil {
		err = fault
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if err != nil && marked {
		h.challenges.mark(it)
	}
	if err != nil {
		return nil, err
	}
	h.putChallenge(it, gen, began, &c, nil)
	return &c, nil
}

// never is no version of a document.
const never = 1 << 53

// NoteLocked records that a session with that secret was locked in the current version of
// the account.
func (h *Hub) NoteLocked(userID, secret string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	u := h.users[userID]
	if u == nil || u.account.rec == nil {
		return
	}
	if u.locked == nil || len(u.locked) >= maxLocked {
		u.locked = make(map[string]uint64)
	}
	u.locked[secret] = u.account.version
}

// maxLocked is the number of recorded sessions per user.
const maxLocked = 16

// IsLocked reports whether a session of the user with that secret, or without one (""),
// is known to be locked: the second factor is on, and the secret has no valid grant. Only
// a change of the account can change that.
func (h *Hub) IsLocked(userID, secret string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	u := h.users[userID]
	if u == nil || !h.accounts.isFresh(u.account) || u.account.rec.State != records.On {
		return false
	}
	version, noted := u.locked[secret]
	return secret == "" || noted && version == u.account.version
}

// keep returns the user, and keeps it at least that long. h.mu must be held, here and
// below.
func (h *Hub) keep(userID string, d time.Duration) *user {
	u := h.users[userID]
	if u == nil {
		u = new(user)
		u.account = h.accounts.add(userID, u)
		h.users[userID] = u
		h.start()
	}
	if until := time.Now().Add(d); u.until.Before(until) {
		u.until = until
	}
	return u
}

// want returns a challenge of the user, and keeps it from now on.
func (h *Hub) want(u *user, id string) *item[records.Challenge] {
	it := h.challenges.items[id]
	if it == nil {
		it = h.challenges.add(id, u)
		u.challenges = append(u.challenges, it)
	}
	return it
}

// drop removes a user.
func (h *Hub) drop(userID string, u *user) {
	delete(h.users, userID)
	delete(h.accounts.items, userID)
	for _, it := range u.challenges {
		delete(h.challenges.items, it.id)
	}
}

// trim returns the fields of an account that waiting needs.
func trim(a *records.Account) records.Account {
	return records.Account{
		UserID: a.UserID, Version: a.Version, State: a.State, Epoch: a.Epoch, Era: a.Era, HeldSince: a.HeldSince,
		Push: records.Push{Live: a.Push.Live, Reserved: a.Push.Reserved, ReservedUntil: a.Push.ReservedUntil, ReservedBy: a.Push.ReservedBy},
	}
}

// putAccount stores an account that was read or written.
func (h *Hub) putAccount(it *item[records.Account], gen int, began time.Time, a *records.Account, err error) {
	if a != nil {
		trimmed := trim(a)
		a = &trimmed
	}
	u := it.owner
	if h.accounts.items[it.id] != it || !h.accounts.put(it, gen, began, a, err) {
		return
	}
	if a != nil && a.Push.Live != "" {
		if it := h.want(u, a.Push.Live); it.rec == nil {
			h.challenges.mark(it) // it may be requested before it is read
		}
	}
	h.changed(u)
}

// putChallenge is putAccount for a challenge.
func (h *Hub) putChallenge(it *item[records.Challenge], gen int, began time.Time, c *records.Challenge, err error) {
	if h.challenges.items[it.id] == it && h.challenges.put(it, gen, began, c, err) {
		h.changed(it.owner)
	}
}

// changed wakes the user's waiters, and sets the time of the next expiry.
func (h *Hub) changed(u *user) {
	u.expiry = time.Time{}
	now := h.now()
	sooner := func(t time.Time) {
		if t.After(now) && (u.expiry.IsZero() || t.Before(u.expiry)) {
			u.expiry = t
		}
	}
	if a := u.account.rec; a != nil {
		sooner(a.Push.ReservedUntil)
	}
	for _, it := range u.challenges {
		if it.rec != nil {
			sooner(it.rec.ExpiresAt)
		}
	}
	for _, w := range u.waiters {
		w.wake()
	}
}

// AccountWritten implements [records.Observer].
func (h *Hub) AccountWritten(userID string, a *records.Account) {
	h.mu.Lock()
	defer h.mu.Unlock()
	u := h.users[userID]
	switch {
	case u == nil:
	case a == nil:
		h.accounts.mark(u.account)
		h.kick()
	default:
		h.putAccount(u.account, u.account.gen-1, time.Now(), a, nil)
		h.kick()
	}
}

// ChallengeWritten implements [records.Observer].
func (h *Hub) ChallengeWritten(id string, c *records.Challenge) {
	h.mu.Lock()
	defer h.mu.Unlock()
	it := h.challenges.items[id]
	if it == nil && c != nil {
		u := h.users[c.UserID]
		if u == nil {
			return
		}
		it = h.want(u, id) // its account will name it
		it.asked = time.Now()
	}
	switch {
	case it == nil:
	case c == nil:
		h.challenges.mark(it)
		h.kick()
	default:
		known := *c
		h.putChallenge(it, it.gen-1, time.Now(), &known, nil)
	}
}

// A Waiter waits for changes of a user's account or challenges.
type Waiter struct {
	h    *Hub
	u    *user
	c    chan struct{}
	slot int
	due  bool
}

// Wait returns a waiter for the user, which must be stopped, or nil if there are too
// many.
func (h *Hub) Wait(userID string) *Waiter {
	h.mu.Lock()
	defer h.mu.Unlock()
	u := h.keep(userID, linger)
	if len(u.waiters) >= waitersMost {
		return nil
	}
	h.next++
	w := &Waiter{h: h, u: u, c: make(chan struct{}, 1), slot: h.next % alive}
	u.waiters = append(u.waiters, w)
	return w
}

// Stop ends the waiting.
func (w *Waiter) Stop() {
	w.h.mu.Lock()
	defer w.h.mu.Unlock()
	w.u.waiters = slices.DeleteFunc(w.u.waiters, func(other *Waiter) bool { return other == w })
	if until := time.Now().Add(linger); w.u.until.Before(until) {
		w.u.until = until
	}
}

// C receives a value when something may have changed, or a keep-alive is due.
func (w *Waiter) C() <-chan struct{} { return w.c }

func (w *Waiter) wake() {
	select {
	case w.c <- struct{}{}:
	default: // it is awake already
	}
}

// Due reports, once, whether a keep-alive is due.
func (w *Waiter) Due() bool {
	w.h.mu.Lock()
	defer w.h.mu.Unlock()
	due := w.due
	w.due = false
	return due
}

// Account returns the last known state of the account, of any age, or nil.
func (w *Waiter) Account() (*records.Account, error) {
	w.h.mu.Lock()
	defer w.h.mu.Unlock()
	return w.u.account.rec, w.u.account.err
}

// Challenge is Account for a challenge.
func (w *Waiter) Challenge(id string) (*records.Challenge, error) {
	w.h.mu.Lock()
	defer w.h.mu.Unlock()
	it := w.h.challenges.items[id]
	if it == nil {
		return nil, nil
	}
	return it.rec, it.err
}
