package store

// Split returns a store that keeps accounts in one place and everything else in
// another: accounts in a SQL database, say, where nothing is lost, and
// challenges and grants in Redis, which is quick and forgets by itself.
//
// No change touches both, so that neither has to know of the other.
func Split(accounts Accounts, volatile Volatile) Store {
	return split{accounts, volatile}
}

type split struct {
	Accounts
	Volatile
}
