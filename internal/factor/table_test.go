package factor_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/store"
)

// The rules as tables: for each kind of record, what each event makes of it in each
// state, and what is answered. The tables stand in the files that are named after the
// records:
//
//	TestChallengeTable  a request to the phone
//	TestGrantTable      a proof
//	TestSessionTable    the session that it was given in
//	TestAccountTable    a second factor
//	TestAddressTable    an e-mail address
//
// A cell is "next: answer", or only the answer where the state stays. The tests bring a
// record into the state through the rules, let the event happen on another node, and
// compare. Then they let each write of the event fail, before and after it is stored,
// and let the event happen again: see [stateTable.interrupt].
type stateTable struct {
	text   string
	states map[string]func(*scene)        // how the record comes into them
	events map[string]func(*scene) string // what is answered
	state  func(*scene) string

	// cutOff are the states that an event leads to, once it has happened again, if it
	// was cut off; by "state, event". The others lead to what the table says.
	cutOff map[string]string
}

// A scene is what one cell is about: a user, whose session s goes on in two browsers.
type scene struct {
	*world
	t      *testing.T
	faulty *cutStore

	rules  *factor.Rules // of the node that brings the record into its state
	other  *factor.Rules // of the node where the event happens
	phone  phone
	s      factor.Session // that the record belongs to
	token  string         // of its challenge
	grant  string         // the secret of its grant
	staged phone          // that has scanned what is staged
}

func newScene(t *testing.T) *scene {
	t.Helper()
	w := newWorld(t)
	sc := &scene{world: w, t: t, faulty: &cutStore{Backend: w.store}}
	w.records = records.New(sc.faulty, w.keys)
	sc.rules, sc.other = sc.node(t), sc.node(t)
	sc.s = session("s")
	sc.s.Ends = far
	return sc
}

// rejecting is a node where a report of false means that the user rejected the
// request.
func (sc *scene) rejecting(hold bool) *factor.Rules {
	return sc.node(sc.t, func(c *factor.Config) { c.False, c.HoldRejected = eagate.Rejection, hold })
}

// elsewhere is the session in another browser, which has its cookie.
func (sc *scene) elsewhere() factor.Session {
	s := sc.s
	s.Browsers = []string{"another browser"}
	return s
}

func (sc *scene) must(err error) {
	sc.t.Helper()
	expect.NoError(sc.t, err)
}

// run compares the table with the rules.
func (st stateTable) run(t *testing.T) {
	header, rows := st.parse(t)
	for _, event := range slices.Sorted(maps.Keys(st.events)) {
		cells, ok := rows[event]
		if !ok || len(cells) != len(header) {
			t.Errorf("event %q has %d cells, want %d; it should be\n%s", event, len(cells), len(header), st.actual(t, header, event))
			continue
		}
		for i, state := range header {
			t.Run(state+", "+event, func(t *testing.T) {
				next, answer := split(cells[i], state)
				sc := st.begin(t, state)
				got := st.events[event](sc)
				if at := st.state(sc); at != next || got != answer {
					t.Errorf("got %q, answered %q, want %q, %q", at, got, next, answer)
				}
				if strings.HasPrefix(t.Name(), "TestThorough") {
					st.interrupt(t, state, event, next)
				}
			})
		}
	}
}

// begin returns a scene whose record is in that state.
func (st stateTable) begin(t *testing.T, state string) *scene {
	t.Helper()
	sc := newScene(t)
	st.states[state](sc)
	expect.Equal(t, st.state(sc), state, "state")
	return sc
}

// interrupt has the store fail at each write that the event makes in turn, before that
// is stored or after. Whatever the event leaves, once it has happened again, by a
// session that tries again or a service that reports again, the record is where it
// would be without a fault, or where cutOff says.
func (st stateTable) interrupt(t *testing.T, state, event, next string) {
	t.Helper()
	if other, ok := st.cutOff[state+", "+event]; ok {
		next = other
	}
	for _, c := range []cut{{}, {stored: true}, {stored: true, once: true}} {
		for n := 1; ; n++ {
			sc := st.begin(t, state)
			sc.faulty.cutAt(n, c)
			first := st.events[event](sc)
			if !sc.faulty.heal() {
				break
			}
			between := st.state(sc)
			sc.clock.Add(soon)
			second := st.events[event](sc)
			if at := st.state(sc); !slices.Contains(strings.Split(next, " or "), at) {
				t.Errorf("write %d failed, %+v: %q, answered %q; again: %q, answered %q; want %q", n, c, between, first, at, second, next)
			}
		}
	}
}

// parse reads the table, and demands that it has the states and events that there are.
func (st stateTable) parse(t *testing.T) (header []string, rows map[string][]string) {
	t.Helper()
	rows = make(map[string][]string)
	for line := range strings.Lines(strings.TrimSpace(st.text)) {
		cells := strings.Split(line, "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if header == nil {
			header = cells[1:]
			continue
		}
		if strings.HasPrefix(cells[0], "--") {
			continue
		}
		if st.events[cells[0]] == nil {
			t.Errorf("event %q isn't known", cells[0])
		}
		rows[cells[0]] = cells[1:]
	}
	if got, want := slices.Sorted(slices.Values(header)), slices.Sorted(maps.Keys(st.states)); !slices.Equal(got, want) {
		t.Fatalf("got states %q, want %q", got, want)
	}
	return header, rows
}

// actual is a row as the rules have it, to be looked at before it is put in.
func (st stateTable) actual(t *testing.T, header []string, event string) string {
	t.Helper()
	row := fmt.Sprintf("%-20s", event)
	for _, state := range header {
		sc := st.begin(t, state)
		cell := st.events[event](sc)
		if next := st.state(sc); next != state {
			cell = next + ": " + cell
		}
		row += fmt.Sprintf("| %-22s", cell)
	}
	return row
}

func split(cell, state string) (next, answer string) {
	next, answer, ok := strings.Cut(cell, ": ")
	if !ok {
		return state, cell
	}
	return next, answer
}

// named returns the names of an enum's values.
func named[E interface {
	~uint8
	fmt.Stringer
}]() (names []string) {
	for e := E(0); e.String() != "invalid"; e++ {
		names = append(names, e.String())
	}
	return names
}

// wantStates fails the test unless there is a column for each of the names: a new state
// wants new cells.
func (st stateTable) wantStates(t *testing.T, names []string) {
	t.Helper()
	for _, name := range names {
		if st.states[name] == nil {
			t.Errorf("state %q is in no column", name)
		}
	}
}

// looking are the methods of the rules that change no state of these tables.
var looking = `
Account Accounts AddressHolder Asks Basis Check CheckAnew CheckAsked CheckPending CheckReturning CheckWaiting DeviceLifetime Devices Digits
Duty Fresh HasAddress IsMaking IsStaged LateAccounts LockOf Look LookWaiting SessionEnd Meets Missing NewCodes Now PushPaused RefuseCode Remembered SentBefore Staged
Successor UnderWay Unlocked Verification Wait WhyNoPush

Run SyncDue SyncNow ResealAll ResyncAll
Distrust DistrustBy Trust UseDevice KeepCodes MakeRecovery
EndPrevious
`

// TestTablesNameEveryRule demands that each method of the rules is an event of a table,
// or is known to be none.
func TestTablesNameEveryRule(t *testing.T) {
	t.Parallel()
	var known []string
	for _, text := range []string{looking, changing} {
		known = append(known, strings.Fields(text)...)
	}
	rules := reflect.TypeFor[*factor.Rules]()
	for i := range rules.NumMethod() {
		if name := rules.Method(i).Name; !slices.Contains(known, name) {
			t.Errorf("%s is an event of no table", name)
		}
	}
	for _, name := range known {
		if _, ok := rules.MethodByName(name); !ok {
			t.Errorf("the rules have no %s", name)
		}
	}
}

// changing are the methods of the rules that are events of these tables.
var changing = `
Abandon Begin Confirm Consume Decide Disable End EndGrant Follow Lasts MakeRoom PasswordChanged Reject ReleaseAddress Reset
Revoke RevokeAll RevokeForeign Stage Succeed Unconsume Unlock VerifyCode Withdraw
`

var errCut = errors.New("the store was cut off")

// A cut says how a write fails.
type cut struct {
	stored bool // only its answer is lost
	once   bool // else every access after it fails too, as by a node that dies
}

// A cutStore fails at one write.
type cutStore struct {
	store.Backend
	mu     sync.Mutex
	how    cut
	left   int // writes until then; 0 for never
	failed bool
	down   bool
}

func (c *cutStore) cutAt(n int, how cut) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left, c.how, c.failed = n, how, false
}

// heal reports whether a write has failed.
func (c *cutStore) heal() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left, c.down = 0, false
	return c.failed
}

// write makes a write, unless it is the one that fails.
func (c *cutStore) write(do func() error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.down {
		return errCut
	}
	if c.left--; c.left != 0 {
		return do()
	}
	c.failed, c.down = true, !c.how.once
	if c.how.stored {
		if err := do(); err != nil {
			return err
		}
	}
	return errCut
}

func (c *cutStore) isDown() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.down
}

func (c *cutStore) Get(ctx context.Context, kind store.Kind, ids ...string) ([]store.Document, error) {
	if c.isDown() {
		return nil, errCut
	}
	return c.Backend.Get(ctx, kind, ids...)
}

func (c *cutStore) Put(ctx context.Context, kind store.Kind, doc store.Document) (version uint64, err error) {
	err = c.write(func() (err error) { version, err = c.Backend.Put(ctx, kind, doc); return err })
	return version, err
}

func (c *cutStore) Delete(ctx context.Context, kind store.Kind, id string, version uint64) error {
	return c.write(func() error { return c.Backend.Delete(ctx, kind, id, version) })
}

// word is what an error means, in a cell.
func word(err error) string {
	switch {
	case err == nil:
		return "done"
	case errors.Is(err, errCut):
		return "fault"
	case errors.Is(err, factor.ErrOtherBrowser):
		return "other browser"
	case errors.Is(err, factor.ErrHeld):
		return "held"
	case errors.Is(err, factor.ErrOvertaken):
		return "overtaken"
	case errors.Is(err, factor.ErrSessionOver):
		return "over"
	case errors.Is(err, factor.ErrOff):
		return "off"
	case errors.Is(err, factor.ErrNoPush):
		return "no push"
	case errors.Is(err, factor.ErrNoEnrolment):
		return "nothing staged"
	}
	var limit *factor.PushLimit
	if errors.As(err, &limit) {
		return "limited"
	}
	return err.Error()
}

// wordOf is what became of a code.
func wordOf(answer factor.CodeAnswer, err error) string {
	if err != nil {
		return word(err)
	}
	switch answer.Result {
	case factor.CodeAccepted:
		return "in"
	case factor.CodeWrong:
		return "wrong"
	case factor.CodeUsed:
		return "used"
	case factor.CodeMissing:
		return "code wanted"
	case factor.CodeHeld:
		return "held"
	case factor.CodeNotApplicable:
		return "off"
	case factor.CodeNone, factor.CodeBusy, factor.CodePaused, factor.CodeBlocked:
	}
	return fmt.Sprint("code result ", answer.Result)
}

// soon is longer than a node remembers anything, and than a request takes.
const soon = 30 * time.Second
