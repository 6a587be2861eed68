package gateway_test

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"quintet/engine"
	"quintet/gateway"
)

func TestCache(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	hash := func(i int) [32]byte { return sha256.Sum256(fmt.Append(nil, i)) }
	p := func(i int) engine.Principal { return engine.Principal{Subject: fmt.Sprint(i)} }

	c := gateway.NewCache(1 << 20)
	c.Keep(hash(1), p(1), now.Add(time.Second))
	if got, ok := c.Get(hash(1), now); !ok || got.Subject != "1" {
		t.Errorf("remembered: %v, %v", got, ok)
	}
	if _, ok := c.Get(hash(2), now); ok {
		t.Error("found what was never there")
	}
	if _, ok := c.Get(hash(1), now.Add(time.Second)); ok {
		t.Error("found at its end")
	}
	c.Keep(hash(1), p(3), now.Add(time.Minute))
	if got, ok := c.Get(hash(1), now.Add(time.Second)); !ok || got.Subject != "3" {
		t.Errorf("after it was verified again: %v, %v", got, ok)
	}
}

// TestCacheBounds: it holds no more bytes than it may, and what is used
// survives what is not.
func TestCacheBounds(t *testing.T) {
	const limit = 1 << 20
	now, end := time.Unix(1_800_000_000, 0), time.Unix(1_800_000_060, 0)
	c := gateway.NewCache(limit)
	busy := sha256.Sum256([]byte("busy"))
	c.Keep(busy, engine.Principal{Subject: "busy"}, end)
	for i := range 20_000 {
		c.Keep(sha256.Sum256(fmt.Append(nil, i)), engine.Principal{Subject: "apikey:x", Scopes: []string{"search:read", "stream:write"}}, end)
		if _, ok := c.Get(busy, now); !ok {
			t.Fatalf("what is used all the time was forgotten after %d others", i)
		}
	}
	entries, bytes := c.Size()
	if bytes > limit || bytes < limit*9/10 || entries < 1000 {
		t.Errorf("%d entries of %d bytes; the limit is %d", entries, bytes, limit)
	}
	c.Keep(sha256.Sum256([]byte("huge")), engine.Principal{Subject: string(make([]byte, limit))}, end)
	if _, after := c.Size(); after > limit {
		t.Errorf("%d bytes after one that is too large", after)
	}
}
