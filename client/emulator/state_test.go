package emulator_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/expect"
)

// An emulator goes on where another one ended.
func TestState(t *testing.T) {
	on := client.Status{Email: alice, Enabled: true, Secret: totpKey, Algorithm: "SHA1", Digits: 6, Period: 30 * time.Second}
	now := func() time.Time { return time.Unix(1_800_000_000, 0) }
	var saved []emulator.State
	config := emulator.Config{
		ClientID: clientID, APIKey: apiKey, Now: now,
		Changed: func(s emulator.State) { saved = append(saved, s) },
	}
	first := emulator.Start(config)
	expect.NoError(t, first.Phone(alice).AddAccount(uri))
	expect.NoError(t, first.Client().SyncStatus(t.Context(), on))
	want := expect.Try(first.Phone(alice).Code()).OrFail(t)
	first.Close()
	if len(saved) != 2 {
		t.Fatalf("told of %d changes, want 2", len(saved))
	}

	config.State = saved[1]
	second := emulator.New(config)
	defer second.Close()
	if got := second.State(); !reflect.DeepEqual(got, saved[1]) {
		t.Errorf("got %v, want %v", got, saved[1])
	}
	if u, ok := second.Status(alice); !ok || !u.Enabled {
		t.Errorf("the service knows %v, want that it is on", u)
	}
	expect.Equal(t, expect.Try(second.Phone(alice).Code()).OrFail(t), want, "code")
}
