package records

import "fmt"

// In records, enums are words: operators read them, and numbers could change their
// meaning in a later release.
var (
	stateWords     = words[State]{"off", "on"}
	challengeWords = words[ChallengeState]{"pending", "approved", "not_approved", "rejected", "consumed", "void", "replaced"}
	kindWords      = words[Kind]{"proof", "moved", "ended", "rejected", "left", "codes"}
)

func (s State) String() string          { return stateWords.of(s) }
func (s ChallengeState) String() string { return challengeWords.of(s) }
func (k Kind) String() string           { return kindWords.of(k) }

func (s State) AppendText(b []byte) ([]byte, error)          { return stateWords.append(b, s) }
func (s ChallengeState) AppendText(b []byte) ([]byte, error) { return challengeWords.append(b, s) }
func (k Kind) AppendText(b []byte) ([]byte, error)           { return kindWords.append(b, k) }

func (s *State) UnmarshalText(text []byte) error          { return stateWords.parse(text, s) }
func (s *ChallengeState) UnmarshalText(text []byte) error { return challengeWords.parse(text, s) }
func (k *Kind) UnmarshalText(text []byte) error           { return kindWords.parse(text, k) }

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
