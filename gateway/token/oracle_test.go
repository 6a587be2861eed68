package token_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jwt"

	"quintet/gateway/token"
)

// library verifies a token as a careful user of jwx does: key set, issuer,
// audience and time.
func library(tb testing.TB, f *forge) func(raw string) (jwt.Token, error) {
	tb.Helper()
	data, err := token.Set(f.key)
	if err != nil {
		tb.Fatal(err)
	}
	set, err := jwk.Parse(data)
	if err != nil {
		tb.Fatal(err)
	}
	clock := jwt.ClockFunc(func() time.Time { return now })
	return func(raw string) (jwt.Token, error) {
		return jwt.ParseString(raw, jwt.WithKeySet(set), jwt.WithIssuer(issuerURL), jwt.WithAudience(audience), jwt.WithClock(clock))
	}
}

// TestOracle: another implementation reads our key set and our tokens.
func TestOracle(t *testing.T) {
	f := newForge(t)
	raw, err := token.Sign(f.key, token.Claims{
		Issuer: issuerURL, Subject: "c1", Audience: audience, IssuedAt: now.Unix(), NotBefore: now.Unix(),
		Expires: now.Add(5 * time.Minute).Unix(), ID: "j1", ClientID: "c1", Scope: "search:read stream:write",
	})
	if err != nil {
		t.Fatal(err)
	}
	read, err := library(t, f)(raw)
	if err != nil {
		t.Fatal(err)
	}
	scope, _ := read.Get("scope")
	client, _ := read.Get("client_id")
	if read.Subject() != "c1" || read.JwtID() != "j1" || !read.Expiration().Equal(now.Add(5*time.Minute)) || scope != "search:read stream:write" || client != "c1" {
		t.Errorf("the library reads %v", read)
	}

	data, err := token.Set(f.key, f.other)
	if err != nil {
		t.Fatal(err)
	}
	set, err := jwk.Parse(data)
	if err != nil || set.Len() != 2 {
		t.Fatalf("a key set: %s, %v", data, err)
	}
	for i, want := range []*token.Key{f.key, f.other} {
		k, _ := set.Key(i)
		if k.KeyID() != want.ID || k.Algorithm() != jwa.ES256 || k.KeyUsage() != "sig" {
			t.Errorf("key %d: %s, %s, %s", i, k.KeyID(), k.Algorithm(), k.KeyUsage())
		}
		if secret, err := jwk.IsPrivateKey(k); err != nil || secret {
			t.Errorf("key %d is private: %v, %v", i, secret, err)
		}
		if err := jwk.AssignKeyID(k); err != nil || k.KeyID() != want.ID {
			t.Errorf("key %d has the thumbprint %s; its id is %s", i, k.KeyID(), want.ID)
		}
	}
}

// TestStricterThanLibrary lists what a general library takes and we refuse:
// for each of these two readers can see two things.
func TestStricterThanLibrary(t *testing.T) {
	f := newForge(t)
	lax := library(t, f)
	good := f.claims()
	exp := fmt.Sprintf(`"exp":%d`, now.Add(5*time.Minute).Unix())
	list := map[string]string{
		"a claim twice":                        f.claims(`{"iss"`, `{"sub":"root","iss"`),
		"no exp":                               f.claims(exp, `"x":0`),
		"exp as text":                          f.claims(exp, fmt.Sprintf(`"exp":"%d"`, now.Add(time.Hour).Unix())),
		"exp with a fraction":                  f.claims(exp, fmt.Sprintf(`"exp":%d.5`, now.Add(time.Hour).Unix())),
		"typ of an id token":                   f.head("at+jwt", "JWT"),
		"alg none over a good signature":       f.head("ES256", "none"),
		"no typ":                               f.head(`,"typ":"at+jwt"`, ``),
		"an unknown crit":                      f.head(`{"alg"`, `{"crit":["unknown"],"unknown":1,"alg"`),
		"a key in the header":                  f.head(`{"alg"`, `{"jku":"https://evil.test","alg"`),
		"a leading space":                      " " + good,
		"a trailing line feed":                 good + "\n",
		"padding":                              good + "==",
		"bits behind the last byte":            good[:len(good)-86] + notCanonical(good[len(good)-86:]), // of the signature
		"5,000 deep":                           f.claims(`{"iss"`, `{"x":`+strings.Repeat("[", 5000)+strings.Repeat("]", 5000)+`,"iss"`),
		"the JSON serialisation":               serialised(good),
		"an audience in a list":                f.claims(`"aud":"`+audience+`"`, `"aud":["https://evil.test","`+audience+`"]`),
		"no nbf, jti or client":                f.claims(`"nbf"`, `"a"`, `"jti"`, `"b"`, `"client_id"`, `"c"`),
		"two names that fold to one (U+017F)":  f.claims(`"sub"`, `"ſub":"root","sub"`),
		"a name that is an escape of another":  f.claims(`"sub"`, `"\u0073ub"`),
		"text that is not UTF-8":               f.claims(`"c1"`, "\"c\xff1\""),
		"half of a surrogate pair in its text": f.claims(`"c1"`, `"\ud800"`),
	}
	for name, raw := range list {
		t.Run(name, func(t *testing.T) {
			if _, err := lax(raw); err != nil {
				t.Errorf("the library has become as strict: %v", err)
			}
			if claims, err := f.verify(raw); err == nil {
				t.Errorf("accepted: %+v", claims)
			}
		})
	}
	for name, raw := range map[string]string{"none": unsigned(f), "another's key": sign(f.other, f.header(), f.payload()), "expired": f.claims(exp, `"exp":2`)} {
		if _, err := lax(raw); err == nil {
			t.Errorf("the library accepts %s: this oracle is worth nothing", name)
		}
	}
}

func serialised(raw string) string {
	p := strings.Split(raw, ".")
	return fmt.Sprintf(`{"payload":%q,"signatures":[{"protected":%q,"signature":%q}]}`, p[1], p[0], p[2])
}

func unsigned(f *forge) string {
	return b64([]byte(f.header("ES256", "none"))) + "." + b64([]byte(f.payload())) + "."
}
