// Package token signs access tokens and verifies them strictly. A token is a
// JWT as RFC 9068 profiles it: ES256, typ at+jwt, one issuer, one audience.
//
// Its nouns:
//
//   - A [Key] signs the tokens of one issuer. Its id is its own hash, so an id
//     names one key in the whole world.
//   - [Claims] are what a token says. All of them but scope must be there.
//   - An [Issuer] is what a token is held against.
//   - A [Refusal] is why a token does not count: for tests and metrics, never
//     for whoever sent it.
//
// The verifier accepts exactly one spelling of a token. General JWT libraries
// read more: duplicate members, names that differ by case or by Unicode
// folding, an exp that is text or missing, padding, line ends, the JSON
// serialisation. Wherever two readers could understand two things, this one
// refuses.
//
//	raw, err := token.Sign(key, token.Claims{Issuer: iss, Subject: id, …})
//	claims, err := token.Verify(raw, time.Now(), func(kid string) (token.Issuer, bool) {
//		return token.Issuer{Key: key, URL: iss, Audience: aud}, kid == key.ID
//	})
//
// Two caveats. A signature of ECDSA has a twin that is valid too, so the bytes
// of a token identify nothing: revocation goes by what the claims say. And
// issuer and verifier are one program: exp is kept to the second, while iat
// and nbf may be [Skew] ahead of the clock.
package token
