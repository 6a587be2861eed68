package token_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"quintet/gateway/token"
)

const accepted token.Refusal = ""

func TestVerify(t *testing.T) {
	f := newForge(t)
	good := f.claims()
	raw, err := token.Sign(f.key, token.Claims{
		Issuer: issuerURL, Subject: "c1", Audience: audience, IssuedAt: now.Unix(), NotBefore: now.Unix(),
		Expires: now.Add(5 * time.Minute).Unix(), ID: "j1", ClientID: "c1", Scope: "search:read",
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{"signed here": good, "signed by Sign": raw} {
		claims, err := f.verify(token)
		if err != nil || claims.Subject != "c1" || claims.Scope != "search:read" || claims.Expires != now.Add(5*time.Minute).Unix() {
			t.Errorf("%s: %+v, %v", name, claims, err)
		}
	}
	if head, _, _ := strings.Cut(raw, "."); head != b64([]byte(f.header())) {
		t.Errorf("the header of a token is %s", head)
	}
}

// attacks runs a table of tokens through the verifier.
func attacks(t *testing.T, f *forge) func(name string, raw string, want token.Refusal) {
	return func(name, raw string, want token.Refusal) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			_, err := f.verify(raw)
			if want == accepted && err != nil || want != accepted && err != want {
				t.Errorf("refused for %v; want %q", err, want)
			}
		})
	}
}

func TestAlgorithmAttacks(t *testing.T) {
	f := newForge(t)
	check := attacks(t, f)
	for _, alg := range []string{"none", "None", "nOnE", "NONE", "", "es256", "ES384", "ES512", "ES256K", "EdDSA", "Ed25519", "HS256", "RS256", "PS256", "PBES2-HS256+A128KW", "RSA1_5", "RSA-OAEP"} {
		check("alg "+alg, f.head("ES256", alg), token.BadHeader)
		check("alg "+alg+" unsigned", b64([]byte(f.header("ES256", alg)))+"."+b64([]byte(f.payload()))+".", token.Malformed)
	}
	check("alg missing", f.head(`"alg":"ES256",`, ``), token.BadHeader)
	check("alg null", f.head(`"ES256"`, `null`), token.BadHeader)
	check("alg in a list", f.head(`"ES256"`, `["ES256"]`), token.BadHeader)

	// The public key, as known to everybody, in the place of an HMAC's secret.
	der, err := x509.MarshalPKIXPublicKey(&private(f.key).PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	set, err := token.Set(f.key)
	if err != nil {
		t.Fatal(err)
	}
	secrets := map[string][]byte{"DER": der, "PEM": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), "JWK": set, "nothing": nil}
	for form, secret := range secrets {
		for _, alg := range []string{"HS256", "ES256"} {
			signed := b64([]byte(f.header("ES256", alg))) + "." + b64([]byte(f.payload()))
			mac := hmac.New(sha256.New, secret)
			mac.Write([]byte(signed))
			want := token.BadHeader
			if alg == "ES256" {
				want = token.BadSignature
			}
			check("HMAC by "+form+" as "+alg, signed+"."+b64(mac.Sum(nil)), want)
		}
	}
}

func TestHeaderAttacks(t *testing.T) {
	f := newForge(t)
	check := attacks(t, f)
	for _, member := range []string{
		`"crit":["exp"]`, `"crit":[]`, `"b64":false`, `"zip":"DEF"`, `"cty":"JWT"`, `"enc":"A256GCM"`, `"jku":"https://evil.test/keys"`,
		`"x5u":"https://evil.test/cert"`, `"x5c":["MII="]`, `"x5t":"AA"`, `"jwk":{"kty":"EC"}`, `"Alg":"none"`, `"x":1`, `"":1`,
	} {
		check("member "+member, f.head(`{"alg"`, `{`+member+`,"alg"`), token.BadHeader)
	}
	check("alg twice", f.head(`{"alg"`, `{"alg":"none","alg"`), token.BadHeader)
	check("kid twice", f.head(`"typ"`, `"kid":"x","typ"`), token.BadHeader)
	check("twice by escape", f.head(`{"alg"`, `{"\u0061lg":"none","alg"`), token.BadHeader)
	check("name by Unicode folding", f.head(`"kid"`, "\"\u212aid\""), token.BadHeader) // the Kelvin sign folds to k
	check("name in capitals", f.head(`"alg"`, `"ALG"`), token.BadHeader)
	check("value with an escape", f.head(`ES256`, `\u0045S256`), accepted)

	for _, typ := range []string{"JWT", "jwt", "id_token", "logout+jwt", "dpop+jwt", "AT+JWT", "application/at+jwt", "at+jwt ", ""} {
		check("typ "+typ, f.head("at+jwt", typ), token.BadHeader)
	}
	check("typ missing", f.head(`,"typ":"at+jwt"`, ``), token.BadHeader)
	check("typ a number", f.head(`"at+jwt"`, `1`), token.BadHeader)

	for _, kid := range []string{"../../dev/null", "' OR 1=1 --", "$(id)", "x\\u0000", strings.Repeat("k", 4000)} {
		check("kid "+kid[:5], f.head(f.key.ID, kid), token.UnknownKey)
	}
	check("kid empty", f.head(f.key.ID, ""), token.BadHeader)
	check("kid missing", f.head(fmt.Sprintf(`"kid":%q,`, f.key.ID), ``), token.BadHeader)
	check("kid of another tenant", f.head(f.key.ID, f.other.ID), token.BadSignature)
	check("our kid, another tenant's key", sign(f.other, f.header(), f.payload()), token.BadSignature)
	check("another tenant's token with our iss", sign(f.other, f.header(f.key.ID, f.other.ID), f.payload()), token.WrongIssuer)

	check("an array", sign(f.key, `["ES256"]`, f.payload()), token.BadHeader)
	check("not JSON", sign(f.key, `alg=ES256`, f.payload()), token.BadHeader)
	check("BOM", f.head(`{"alg"`, "\ufeff"+`{"alg"`), token.BadHeader)
	check("invalid UTF-8", f.head(f.key.ID, "\xff"), token.BadHeader)
	check("5,000 deep", sign(f.key, `{"alg":`+strings.Repeat("[", 5000)+strings.Repeat("]", 5000)+`}`, f.payload()), token.BadHeader)
}

func TestEncodingAttacks(t *testing.T) {
	f := newForge(t)
	check := attacks(t, f)
	good := f.claims()
	parts := strings.Split(good, ".")
	check("nothing", "", token.Malformed)
	check("dots alone", "..", token.Malformed)
	check("one part", parts[0], token.Malformed)
	check("two parts", parts[0]+"."+parts[1], token.Malformed)
	check("four parts", good+"."+parts[2], token.Malformed)
	check("five parts, as a JWE", good+".e30.e30", token.Malformed)
	check("empty signature", parts[0]+"."+parts[1]+".", token.Malformed)
	check("detached payload", parts[0]+".."+parts[2], token.Malformed)
	check("JSON, flattened", fmt.Sprintf(`{"protected":%q,"payload":%q,"signature":%q}`, parts[0], parts[1], parts[2]), token.Malformed)
	check("JSON, general", fmt.Sprintf(`{"payload":%q,"signatures":[{"protected":%q,"signature":%q}]}`, parts[1], parts[0], parts[2]), token.Malformed)
	for i := range parts {
		for name, edit := range map[string]func(string) string{
			"padded":            padded,
			"standard alphabet": func(s string) string { return s[:1] + "+/" + s[1:] },
			"line feed inside":  func(s string) string { return s[:4] + "\n" + s[4:] },
			"CRLF inside":       func(s string) string { return s[:4] + "\r\n" + s[4:] },
			"space inside":      func(s string) string { return s[:4] + " " + s[4:] },
			"not canonical":     notCanonical,
		} {
			changed := append([]string{}, parts...)
			if changed[i] = edit(parts[i]); changed[i] != parts[i] {
				check(fmt.Sprintf("part %d %s", i, name), strings.Join(changed, "."), token.Malformed)
			}
		}
	}
	check("leading space", " "+good, token.Malformed)
	check("trailing space", good+" ", token.Malformed)
	check("trailing line feed", good+"\n", token.Malformed)
	check("trailing CRLF", good+"\r\n", token.Malformed)
	check("a zero behind", good+"\x00", token.Malformed)
	check("longer than 16 kB", f.claims(`"j1"`, `"`+strings.Repeat("j", token.MaxBytes)+`"`), token.Malformed)
	check("long, and allowed", f.claims(`"j1"`, `"`+strings.Repeat("j", 10_000)+`"`), accepted)
}

// padded fills a text up to a multiple of four, by a whole four where it is one.
func padded(s string) string { return s + strings.Repeat("=", 4-len(s)%4) }

// notCanonical sets bits behind the last byte, which a lax decoder drops.
func notCanonical(s string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	if len(s)%4 == 0 {
		return s // there are none
	}
	last := strings.IndexByte(alphabet, s[len(s)-1])
	return s[:len(s)-1] + string(alphabet[last|1])
}

func TestClaimAttacks(t *testing.T) {
	f := newForge(t)
	check := attacks(t, f)
	exp := fmt.Sprintf(`"exp":%d`, now.Add(5*time.Minute).Unix())
	for _, name := range []string{"iss", "sub", "aud", "iat", "nbf", "exp", "jti", "client_id"} {
		other := "x" + name
		check(name+" missing", f.claims(`"`+name+`"`, `"`+other+`"`), token.BadClaims)
		check(name+" in capitals alone", f.claims(`"`+name+`"`, `"`+strings.ToUpper(name)+`"`), token.BadClaims)
		check(name+" twice", f.claims(`{"iss"`, `{"`+name+`":"x","iss"`), token.BadClaims)
		for _, value := range []string{"null", "true", "{}", "[]", `[""]`} {
			check(name+" "+value, f.claims(`"`+name+`":`, `"`+name+`":`+value+`,"ignored":`), token.BadClaims)
		}
	}
	for _, name := range []string{"iat", "nbf", "exp"} {
		for _, value := range []string{`"1783000000"`, "1783000000.0", "1783000000.5", "1.783e9", "1e400", "-1", "-0", "253402300800", "99999999999999999999", `""`} {
			check(name+" "+value, f.claims(`"`+name+`":`, `"`+name+`":`+value+`,"ignored":`), token.BadClaims)
		}
	}
	check("sub twice by Unicode folding", f.claims(`"sub"`, `"ſub":"root","sub"`), token.BadClaims)
	check("sub twice by escape", f.claims(`"sub"`, `"\u0073ub":"root","sub"`), token.BadClaims)
	check("sub empty", f.claims(`"sub":"c1"`, `"sub":""`), token.BadClaims)
	check("aud of another", f.claims(`"aud":"`+audience, `"aud":"https://evil.test`), token.WrongIssuer)
	check("aud with a slash", f.claims(`"aud":"`+audience, `"aud":"`+audience+`/`), token.WrongIssuer)
	check("aud a list", f.claims(`"aud":"`+audience+`"`, `"aud":["`+audience+`"]`), token.BadClaims)
	check("iss of another tenant", f.claims(issuerURL, otherURL), token.WrongIssuer)
	check("iss with a slash", f.claims(issuerURL, issuerURL+"/"), token.WrongIssuer)
	check("iss in capitals", f.claims("https", "HTTPS"), token.WrongIssuer)
	check("scope a list", f.claims(`"search:read"`, `["search:read"]`), token.BadClaims)
	check("scope missing", f.claims(`,"scope":"search:read"`, ``), accepted)
	check("a claim that we do not know", f.claims(`{"iss"`, `{"act":{"sub":"x"},"iss"`), accepted)
	check("five deep", f.claims(`{"iss"`, `{"x":[[[[]]]],"iss"`), token.BadClaims)
	check("5,000 deep", f.claims(`{"iss"`, `{"x":`+strings.Repeat("[", 5000)+strings.Repeat("]", 5000)+`,"iss"`), token.BadClaims)
	check("invalid UTF-8", f.claims(`"c1"`, "\"c\xff1\""), token.BadClaims)
	check("behind the object", f.claims(`"search:read"}`, `"search:read"}{}`), token.BadClaims)
	check("expired", f.claims(exp, fmt.Sprintf(`"exp":%d`, now.Unix()), `"iat":`, `"iat":1,"x":`), token.Expired)
	check("expired long ago", f.claims(exp, `"exp":2`, `"iat":`, `"iat":1,"x":`), token.Expired)
	check("exp before iat", f.claims(exp, fmt.Sprintf(`"exp":%d`, now.Unix()-1)), token.BadClaims)

	claims, err := f.verify(f.claims(`"sub"`, `"SUB":"root","Sub":"root","sub"`))
	if err != nil || claims.Subject != "c1" {
		t.Errorf("names that differ by case: %+v, %v; want the one of sub", claims, err)
	}
}

// TestSkew walks the clock over the edges of a token's life.
func TestSkew(t *testing.T) {
	f := newForge(t)
	raw := f.claims()
	for _, s := range []struct {
		after time.Duration
		want  token.Refusal
	}{
		{-token.Skew - time.Second, token.BadClaims}, {-token.Skew, accepted}, {0, accepted},
		{5*time.Minute - time.Millisecond, accepted}, {5 * time.Minute, token.Expired}, {5*time.Minute + token.Skew, token.Expired},
	} {
		_, err := token.Verify(raw, now.Add(s.after), f.issuer)
		if s.want == accepted && err != nil || s.want != accepted && err != s.want {
			t.Errorf("%v after its making: %v; want %q", s.after, err, s.want)
		}
	}
	early := f.claims(`"nbf":`, fmt.Sprintf(`"nbf":%d,"x":`, now.Add(token.Skew+time.Second).Unix()))
	if _, err := f.verify(early); err != token.BadClaims {
		t.Errorf("nbf beyond the skew: %v", err)
	}
}

func TestSignatureAttacks(t *testing.T) {
	f := newForge(t)
	check := attacks(t, f)
	signed, _, _ := cutLast(f.claims())
	r, s := rawSign(f.key, signed)
	order := elliptic.P256().Params().N
	with := func(signature []byte) string { return signed + "." + b64(signature) }
	one, zero := big.NewInt(1), new(big.Int)

	check("as it is", with(fixed(r, s)), accepted)
	check("its twin", with(fixed(r, new(big.Int).Sub(order, s))), accepted) // see the package's caveats
	for name, pair := range map[string][2]*big.Int{
		"psychic": {zero, zero}, "r=0": {zero, s}, "s=0": {r, zero}, "r=n": {order, s}, "s=n": {r, order}, "r=1, s=1": {one, one},
		"turned round": {s, r}, "s of another": {r, new(big.Int).Xor(s, one)},
	} {
		check(name, with(fixed(pair[0], pair[1])), token.BadSignature)
	}
	hash := sha256.Sum256([]byte(signed))
	der, err := ecdsa.SignASN1(rand.Reader, private(f.key), hash[:])
	if err != nil {
		t.Fatal(err)
	}
	check("DER", with(der), token.BadSignature)
	check("short", with(fixed(r, s)[:63]), token.BadSignature)
	check("long", with(append(fixed(r, s), 0)), token.BadSignature)
	check("short by leading zeroes", with(append(r.Bytes()[1:], s.Bytes()...)), token.BadSignature)

	large, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	r384, s384, err := ecdsa.Sign(rand.Reader, large, hash[:])
	if err != nil {
		t.Fatal(err)
	}
	check("another curve", with(append(r384.FillBytes(make([]byte, 48)), s384.FillBytes(make([]byte, 48))...)), token.BadSignature)

	payload := strings.Split(signed, ".")[1]
	forged := strings.Replace(signed, payload, b64([]byte(f.payload("search:read", "gateway:admin"))), 1)
	check("another payload", forged+"."+b64(fixed(r, s)), token.BadSignature)
}

func cutLast(s string) (before, after string, found bool) {
	i := strings.LastIndexByte(s, '.')
	return s[:i], s[i+1:], true
}

func TestParseKey(t *testing.T) {
	f := newForge(t)
	secret, err := f.key.Secret()
	if err != nil {
		t.Fatal(err)
	}
	back, err := token.ParseKey(secret)
	if err != nil || back.ID != f.key.ID || back.ID == f.other.ID {
		t.Fatalf("a key read back: %v, %v", back, err)
	}
	for name, bad := range map[string][]byte{"nothing": nil, "short": secret[:31], "long": append(secret, 0), "zero": make([]byte, 32), "beyond the order": []byte(strings.Repeat("\xff", 32))} {
		if _, err := token.ParseKey(bad); err == nil {
			t.Errorf("%s is accepted as a key", name)
		}
	}
}
