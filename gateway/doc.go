// Package gateway knows who may do what: tenants, their credentials, their
// issuers, and the record of every administrative act.
//
// Its nouns:
//
//   - A tenant is a customer with data, credentials, an issuer and a rate limit
//     of its own. Only the tenant _platform makes and deletes others.
//   - An API key is a credential that a tenant's program holds, as in
//     qk_acme_<random>_<checksum>. It is shown once; its SHA-256 is kept.
//   - A client is a program that fetches access tokens from its tenant's issuer
//     with an id and a secret (OAuth 2.0, client_credentials).
//   - An issuer, <public URL>/t/<tenant>, signs access tokens of five minutes
//     with a key that never leaves the store unsealed. How they are written and
//     read is the business of package [quintet/gateway/token].
//   - A scope, as in "search:read", is what a credential may do. None implies
//     another, and nobody grants one that he does not hold.
//   - A binding narrows the searches of a key: to collections, and by a filter.
//     Whatever a bound credential makes is bound within the same, and beside
//     that it sees no credentials. It gets no link.
//   - A link opens the console once, within ten minutes, and is exchanged for a
//     session: a credential of twelve hours that a browser keeps in a cookie.
//     A link of a tenant opens all of it, so only who holds all of its scopes
//     gets one. An API key can be exchanged too; its session may do what the
//     key may, and ends with the key.
//   - An audit record stands in the same commit as the act that it records.
//
// The server asks a [Gateway] two things of each request: Authenticate turns a
// credential into an [engine.Principal], Allow counts it against the tenant's
// rate.
//
//	g := gateway.New(e, gateway.Options{PublicURL: "https://quintet.example.com"})
//	err := g.Start(ctx)
//	principal, err := g.Authenticate(ctx, "qk_acme_…", request)
//	perSecond, remaining, reset, ok := g.Allow(principal.Tenant)
//
// What is verified once is remembered for up to a minute (cache.go). Every use
// of what is remembered asks whether the tenant still lives and whether any of
// its credentials was revoked since, so a revocation is complete when its
// answer is sent.
//
// Three caveats. Deleting a tenant destroys its key, and with it all of its
// data; an older copy of the keyring, as in a backup, still opens an older copy
// of the data. The rate limit is kept in memory and starts anew with the
// process. And revoking one credential makes all remembered ones of the same
// tenant be verified again.
package gateway
