package token_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"quintet/gateway/token"
)

// TestRoundTrip: whatever a token is made to say, it says, escapes and all
// alphabets included.
func TestRoundTrip(t *testing.T) {
	f := newForge(t)
	text := rapid.StringN(1, 40, 200)
	rapid.Check(t, func(t *rapid.T) {
		c := token.Claims{
			Issuer: issuerURL, Subject: text.Draw(t, "sub"), Audience: audience,
			IssuedAt: now.Unix(), NotBefore: now.Unix(), Expires: now.Unix() + rapid.Int64Range(1, 1e9).Draw(t, "life"),
			ID: text.Draw(t, "jti"), ClientID: text.Draw(t, "client"), Scope: rapid.String().Draw(t, "scope"),
		}
		raw, err := token.Sign(f.key, c)
		if err != nil {
			t.Fatal(err)
		}
		back, err := f.verify(raw)
		if err != nil || back != c {
			t.Fatalf("reads back as %+v, %v; want %+v", back, err, c)
		}
		if _, err := token.Verify(raw, time.Unix(c.Expires, 0), f.issuer); err != token.Expired {
			t.Fatalf("at its end: %v", err)
		}
	})
}

// TestOneSpelling: no token is accepted that differs from a good one in one
// byte, or that lacks or gains one.
func TestOneSpelling(t *testing.T) {
	f := newForge(t)
	good := f.claims()
	rapid.Check(t, func(t *rapid.T) {
		i, c := rapid.IntRange(0, len(good)-1).Draw(t, "place"), string(rapid.Byte().Draw(t, "byte"))
		for what, raw := range map[string]string{"changed": good[:i] + c + good[i+1:], "longer": good[:i] + c + good[i:], "shorter": good[:i] + good[i+1:]} {
			if _, err := f.verify(raw); err == nil && raw != good {
				t.Fatalf("%s at %d: accepted", what, i)
			}
		}
	})
}

// FuzzVerify: no text makes the verifier panic, and none is accepted that our
// key did not sign. What the fuzzer finds is signed, too: then the payload is
// read as well.
func FuzzVerify(f *testing.F) {
	forge := newForge(f)
	f.Add("e30.e30.e30", "{}")
	f.Add(newForge(f).claims(), forge.payload())
	f.Add(forge.head("at+jwt", "JWT"), forge.payload(`"c1"`, `"\ud83d\ude00"`))
	f.Fuzz(func(t *testing.T, raw, payload string) {
		if _, err := forge.verify(raw); err == nil {
			t.Fatalf("accepted: %q", raw)
		}
		claims, err := forge.verify(sign(forge.key, forge.header(), payload))
		if err != nil {
			if _, ok := err.(token.Refusal); !ok {
				t.Fatalf("the error is no refusal: %v", err)
			}
			return
		}
		if claims.Issuer != issuerURL || claims.Audience != audience || claims.Subject == "" || claims.ClientID == "" || claims.ID == "" || claims.Expires <= now.Unix() {
			t.Fatalf("accepted with %+v", claims)
		}
	})
}
