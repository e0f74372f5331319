package records

import "fmt"

// In records, the enums are words: operators read them, and a number that a later
// release gives another meaning would be read wrong.
var (
	stateWords     = words[State]{"off", "on"}
	challengeWords = words[ChallengeState]{"pending", "approved", "not_approved", "rejected", "consumed", "void", "replaced"}
	modeWords      = words[Mode]{"number", "redirect", "popup"}
	kindWords      = words[Kind]{"proof", "moved", "ended", "rejected", "left", "codes"}
	methodWords    = words[Method]{"", "totp", "push", "recovery", "device"}
)

func (s State) String() string          { return stateWords.of(s) }
func (s ChallengeState) String() string { return challengeWords.of(s) }
func (m Mode) String() string           { return modeWords.of(m) }
func (k Kind) String() string           { return kindWords.of(k) }
func (m Method) String() string         { return methodWords.of(m) }

func (s State) AppendText(b []byte) ([]byte, error)          { return stateWords.append(b, s) }
func (s ChallengeState) AppendText(b []byte) ([]byte, error) { return challengeWords.append(b, s) }
func (m Mode) AppendText(b []byte) ([]byte, error)           { return modeWords.append(b, m) }
func (k Kind) AppendText(b []byte) ([]byte, error)           { return kindWords.append(b, k) }
func (m Method) AppendText(b []byte) ([]byte, error)         { return methodWords.append(b, m) }

func (s *State) UnmarshalText(text []byte) error          { return stateWords.parse(text, s) }
func (s *ChallengeState) UnmarshalText(text []byte) error { return challengeWords.parse(text, s) }
func (m *Mode) UnmarshalText(text []byte) error           { return modeWords.parse(text, m) }
func (k *Kind) UnmarshalText(text []byte) error           { return kindWords.parse(text, k) }
func (m *Method) UnmarshalText(text []byte) error         { return methodWords.parse(text, m) }

// words are the names of an enum's values, from 0 on.
type words[E ~uint8] []string

func (w words[E]) of(e E) string {
	if int(e) < len(w) && w[e] != "" {
		return w[e]
	}
	return "invalid"
}

func (w words[E]) append(b []byte, e E) ([]byte, error) {
	if w.of(e) == "invalid" {
		return nil, fmt.Errorf("%T of %d has no name", e, e)
	}
	return append(b, w[e]...), nil
}

func (w words[E]) parse(text []byte, e *E) error {
	for i, word := range w {
		if word != "" && word == string(text) {
			*e = E(i)
			return nil
		}
	}
	return fmt.Errorf("no %T is called %.40q", *e, text)
}
