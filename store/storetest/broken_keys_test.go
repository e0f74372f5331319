package storetest_test

import (
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/eagate/eagate/store"
)

var brokenKeys = []broken{
	{"account case-insensitive", breaking(accountKeys(strings.ToLower)), []string{"Account/keys"}},

	{"account trims spaces", breaking(accountKeys(func(id string) string {
		return strings.TrimRight(id, " ")
	})), []string{"Account/keys"}},

	{"account folds accents", breaking(accountKeys(strings.NewReplacer("e\u0301", "e", "é", "e", "è", "e").Replace)),
		[]string{"Account/keys"}},

	{"account unescapes", breaking(accountKeys(strings.NewReplacer("%61", "a").Replace)), []string{"Account/keys"}},

	{"account cuts user IDs off", breaking(accountKeys(func(id string) string {
		return id[:min(len(id), 255)]
	})), []string{"Account/odd-keys"}},

	{"account repairs user IDs", breaking(accountKeys(func(id string) string {
		return strings.ToValidUTF8(id, "\uFFFD")
	})), []string{"Account/odd-keys"}},

	{"account stops at NUL", breaking(accountKeys(func(id string) string {
		id, _, _ = strings.Cut(id, "\x00")
		return id
	})), []string{"Account/odd-keys"}},

	{"account refuses a user ID only when it is stored", breaking(func(h *hooked) {
		h.account = func(ctx ctx, id string) (store.Account, error) {
			if store.CheckID(id) != nil {
				return store.Account{UserID: id}, ctx.Err()
			}
			return h.Memory.Account(ctx, id)
		}
	}), []string{"Account/odd-keys"}},

	{"account refuses Unicode", breaking(func(h *hooked) {
		h.updateAccount = func(ctx ctx, id string, change accountChange) error {
			if len(id) != utf8.RuneCountInString(id) {
				return errors.New("not ASCII")
			}
			return h.Memory.UpdateAccount(ctx, id, change)
		}
	}), []string{"Account/keys"}},
}

// accountKeys lets a store change the keys of its accounts.
func accountKeys(fold func(string) string) func(*hooked) {
	return func(h *hooked) {
		h.account = func(ctx ctx, id string) (store.Account, error) {
			a, err := h.Memory.Account(ctx, fold(id))
			if a.Version == 0 {
				a.UserID = id
			}
			return a, err
		}
		h.updateAccount = func(ctx ctx, id string, change accountChange) error {
			return h.Memory.UpdateAccount(ctx, fold(id), change)
		}
	}
}
