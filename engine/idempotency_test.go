package engine_test

import (
	"errors"
	"testing"
	"time"

	"quintet/engine"
	"quintet/engine/enginetest"
)

func TestAnswers(t *testing.T) {
	clock := enginetest.NewClock(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	e := open(t, small(engine.Options{Clock: clock}))
	acme := tenant(t, e, "acme")
	ran := 0
	once := func(subject, key, body string) engine.Once {
		return engine.Once{Principal: engine.Principal{Tenant: acme, Subject: subject}, Route: "POST /v1/things", Key: key, Body: []byte(body)}
	}
	run := func(o engine.Once, answer string, fail error) (string, bool, error) {
		got, replayed, err := e.Answers.Run(background, acme, o, func(tx *engine.Tx) ([]byte, error) {
			ran++
			tx.Put(things, []byte(answer), nil)
			return []byte(answer), fail
		})
		return string(got), replayed, err
	}
	f := func(name string, o engine.Once, answer string, fail error, want string, wantReplayed bool, wantErr error) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			got, replayed, err := run(o, answer, fail)
			if !errors.Is(err, wantErr) || err == nil && (got != want || replayed != wantReplayed) {
				t.Errorf("%q, replayed %v, %v; want %q, %v, %v", got, replayed, err, want, wantReplayed, wantErr)
			}
		})
	}
	errOwn := errors.New("own")
	f("OK/first", once("a", "k1", "body"), "one", nil, "one", false, nil)
	f("OK/again", once("a", "k1", "body"), "two", nil, "one", true, nil)
	f("OK/another principal", once("b", "k1", "body"), "three", nil, "three", false, nil)
	f("OK/another key", once("a", "k2", "body"), "four", nil, "four", false, nil)
	f("OK/no key, twice the same", once("a", "", "body"), "five", nil, "five", false, nil)
	f("OK/no key, runs again", once("a", "", "body"), "six", nil, "six", false, nil)
	f("Err/another body", once("a", "k1", "other"), "seven", nil, "", false, engine.ErrKeyReused)
	f("Err/apply fails", once("a", "k3", "body"), "eight", errOwn, "", false, errOwn)
	f("OK/after a failure", once("a", "k3", "body"), "nine", nil, "nine", false, nil)

	t.Run("Err/in flight", func(t *testing.T) {
		_, _, err := e.Answers.Run(background, acme, once("a", "k4", ""), func(*engine.Tx) ([]byte, error) {
			// Within an update, so only the register of running requests can tell.
			done := make(chan error)
			go func() {
				_, _, err := e.Answers.Run(background, acme, once("a", "k4", ""), nil)
				done <- err
			}()
			return nil, <-done
		})
		if !errors.Is(err, engine.ErrInFlight) {
			t.Errorf("error %v; want ErrInFlight", err)
		}
	})
	t.Run("OK/forgotten after 24 hours", func(t *testing.T) {
		clock.Advance(24*time.Hour + time.Millisecond)
		must(t, e.Answers.Expire(background, acme))
		if got := dump(t, e, acme, "engine.answers") + dump(t, e, acme, "engine.answers_expiry"); got != "" {
			t.Errorf("left behind: %q", got)
		}
		if got, replayed, err := run(once("a", "k1", "other"), "ten", nil); got != "ten" || replayed || err != nil {
			t.Errorf("%q, replayed %v, %v", got, replayed, err)
		}
	})
}
