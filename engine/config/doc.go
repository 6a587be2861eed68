// Package config turns one struct into flags, environment variables, a
// configuration file, help and documentation.
//
// A setting is an exported field with a name tag; a section is a struct that
// holds settings or further sections. main composes the root struct of one
// section per package:
//
//	type Config struct {
//		Listen string        `name:"listen" default:"127.0.0.1:8080" doc:"Address that the server listens on."`
//		Key    config.Secret `name:"master-key" doc:"Key that wraps the keyring."`
//		Stream stream.Config `name:"stream" doc:"The event log."`
//	}
//
//	var cfg Config
//	loaded, err := config.Load(&cfg, config.Input{Args: os.Args[1:], Environ: os.Environ()})
//
// The setting max-in-flight of the section stream is the flag
// --stream.max-in-flight, the variable QUINTET_STREAM_MAX_IN_FLIGHT, and the
// key max-in-flight nested under stream in the YAML or JSON file that --config
// names. A flag wins over the environment, the environment over the file, the
// file over the default.
//
// The tags of a setting:
//
//	name     lower-case words joined by hyphens; "-" leaves the field out
//	default  the value when no source gives one; without it, the zero value
//	doc      a paragraph: what it does, its unit, what to see also
//	secret   "true" hides the value wherever it would be shown; implied by Secret
//	reload   "true" lets Reload change it while the server runs
//
// The kinds of a setting: string, bool, int, int64, uint, float64,
// time.Duration, []string, Size, Secret, and every type that has both
// MarshalText and UnmarshalText (slog.Level, netip.Addr).
//
// A section's struct may have a method Validate() []Problem, for what its kinds
// allow and it does not. It names fields relative to itself and says what is
// wrong and what to do; Load fills in the values, secrets redacted.
//
// Load reports everything that is wrong at once, as one *Error of Problems. A
// key, variable or flag that nobody knows is a problem, because it is most
// often a misspelt one. Only the value that takes effect is parsed: a flag
// hides a bad value of the same setting in the file.
//
// A struct that breaks these rules is a mistake in the program: every function
// here answers it with a plain error, never with an *Error.
package config
