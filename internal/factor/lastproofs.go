package factor

import (
	"slices"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/records"
)

// proofsKept is how many of a user's last proofs are remembered, with nothing but their
// method and time: enough for the user to notice one that was somebody else's.
const proofsKept = 5

// noteProof notes that the user has proved the second factor by that method just now. A
// login on a trusted device is none.
func noteProof(acct *records.Account, method eagate.Method, now time.Time) {
	proofs := append(slices.Clone(acct.Proofs), records.Proof{Method: method, At: now})
	acct.Proofs = proofs[max(0, len(proofs)-proofsKept):]
}

// LastProofs returns the last proofs of the account's second factor, the newest first.
func LastProofs(acct records.Account) []records.Proof {
	if acct.State != records.On {
		return nil
	}
	proofs := slices.Clone(acct.Proofs)
	slices.Reverse(proofs)
	return proofs
}
