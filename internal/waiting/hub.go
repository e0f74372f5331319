// Package waiting knows, for the sign-ins that wait for a phone on this node, how
// their accounts and challenges stand. It reads them from the store once for all who
// wait, so that waiting costs the store next to nothing.
//
// What it knows decides nothing: it is what waiting pages are told. Whoever unlocks a
// session reads anew.
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
	tick   = time.Second      // how often what can't be watched is read
	fresh  = 2 * time.Second  // how old what can't be watched may be when it is told
	net    = 30 * time.Second // how often what is watched is read nevertheless
	alive  = 15               // ticks between two signs of life: less than proxies wait for
	lease  = 10 * time.Second // how long a user's records are kept after a question
	linger = 3 * time.Second  // and after a stream

	// waitersMost is how many wait at once for one user: the tabs of a session, for no
	// two sessions of a user have a request on the phone.
	waitersMost = 16
)

// A Hub keeps the records of users for whom somebody waits here. It is safe for
// concurrent use. It has goroutines only while it keeps any.
type Hub struct {
	records *records.Records
	now     func() time.Time // tells when challenges expire
	log     *slog.Logger

	mu         sync.Mutex
	users      map[string]*user // by user ID
	accounts   shelf[records.Account]
	challenges shelf[records.Challenge]
	run        *run // nil while nobody waits
	next       int  // tick at which the next waiter gets its signs of life
}

// A user is one for whom somebody waits.
type user struct {
	account    *item[records.Account]
	challenges []*item[records.Challenge]
	waiters    []*Waiter
	until      time.Time         // how long to keep the user without waiters
	expiry     time.Time         // by the rules' clock: when something changes by itself, or zero
	locked     map[string]uint64 // see NoteLocked
}

// New returns a hub that reads those records. now tells when challenges expire.
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

// Account returns what waiting needs of the user's account, which is kept from now
// on: from memory if that is fresh and does, or else from the store. The result must
// not be changed.
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
	// What the request has read before now may be older than what is known here.
	a, err := h.records.Account(storelimit.Fresh(ctx), userID)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if a.Version != it.version {
		for _, c := range u.challenges {
			c.began = time.Time{} // they are to be read after it
			h.challenges.mark(c)
		}
	}
	h.putAccount(it, gen, began, &a, nil)
	return &a, nil
}

// Challenge is Account for a challenge that the user's session may wait for. If there
// is none, it is the zero one with its ID.
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
	it.marked = false // unless it changes meanwhile
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

// NoteLocked notes that a session with that secret was found locked when the account
// was as it is known now.
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

// maxLocked is how many sessions of a user are noted.
const maxLocked = 16

// IsLocked reports whether it is known that a session of the user with that secret, or
// "", is locked: the second factor is on, and what the secret is of doesn't count.
// That can't change but with the account.
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

// keep returns the user, who is kept for at least that long. The lock must be held,
// here and below.
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

// want returns a challenge of the user, which is kept from now on.
func (h *Hub) want(u *user, id string) *item[records.Challenge] {
	it := h.challenges.items[id]
	if it == nil {
		it = h.challenges.add(id, u)
		u.challenges = append(u.challenges, it)
	}
	return it
}

// drop forgets a user.
func (h *Hub) drop(userID string, u *user) {
	delete(h.users, userID)
	delete(h.accounts.items, userID)
	for _, it := range u.challenges {
		delete(h.challenges.items, it.id)
	}
}

// trim returns what waiting needs of an account.
func trim(a *records.Account) records.Account {
	return records.Account{
		UserID: a.UserID, Version: a.Version, State: a.State, Epoch: a.Epoch, Era: a.Era, HeldSince: a.HeldSince,
		Push: records.Push{Live: a.Push.Live, Reserved: a.Push.Reserved, ReservedUntil: a.Push.ReservedUntil, ReservedBy: a.Push.ReservedBy},
	}
}

// putAccount takes in an account that was read or written.
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
			h.challenges.mark(it) // who has asked for the account may ask for it before it is read
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

// changed wakes those who wait for the user, and finds out when they are to be woken
// next.
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
		it = h.want(u, id) // its account is about to name it
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

// A Waiter waits for what happens to a user's account or challenges.
type Waiter struct {
	h    *Hub
	u    *user
	c    chan struct{}
	slot int
	due  bool
}

// Wait returns a waiter for the user, which must be stopped, or nil if as many wait
// already as may.
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

// C is signalled when something may have changed, or a sign of life is due.
func (w *Waiter) C() <-chan struct{} { return w.c }

func (w *Waiter) wake() {
	select {
	case w.c <- struct{}{}:
	default: // it is awake already
	}
}

// Due reports whether a sign of life is due, once each time.
func (w *Waiter) Due() bool {
	w.h.mu.Lock()
	defer w.h.mu.Unlock()
	due := w.due
	w.due = false
	return due
}

// Account returns what was last known of the account, however old, or nil.
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
