package config

import (
	"errors"
	"reflect"
)

// ErrHelp says that --help or -h was met. The caller prints Usage and leaves.
var ErrHelp = errors.New("help requested")

// Input is everything that Load reads. The zero value loads the defaults.
type Input struct {
	Args    []string // command line without the program's name and sub-command
	Environ []string // NAME=value pairs, as os.Environ gives them

	// ReadFile reads the configuration file and the files that secrets name.
	// nil means the package's ReadFile.
	ReadFile func(path string) ([]byte, error)

	// MaxArgs is how many arguments that are not flags the command takes.
	// Any beyond are problems.
	MaxArgs int

	// OtherEnv names the variables that begin with Prefix and belong to
	// someone else, such as the switches of the test suite.
	OtherEnv []string
}

// Sources says where the value of each setting came from, by the setting's
// name: "flag --listen", "env QUINTET_LISTEN", "file quintet.yaml:3", "default".
type Sources map[string]string

// Loaded is what Load found besides the values.
type Loaded struct {
	Args    []string // arguments that are not flags, at most Input.MaxArgs
	File    string   // path of the configuration file, "" without one
	Sources Sources
}

// Load fills the struct that dst points to. When it returns an error, dst is
// untouched. The error is ErrHelp, an *Error that lists every problem of the
// input, or a plain error that tells a programmer what is wrong with dst.
func Load(dst any, in Input) (*Loaded, error) {
	schema, err := bind(dst)
	if err != nil {
		return nil, err
	}
	l := &loading{schema: schema, in: in, sources: Sources{}}
	if l.in.ReadFile == nil {
		l.in.ReadFile = ReadFile
	}
	loaded, err := l.run()
	if err != nil {
		return nil, err
	}
	reflect.ValueOf(dst).Elem().Set(schema.root)
	return loaded, nil
}

// loading is one run of Load.
type loading struct {
	schema   *schema
	in       Input
	sources  Sources
	problems []Problem
}

// given is a value as one source wrote it.
type given struct {
	text   string
	items  []string // of a list written as one; nil when text counts
	source string   // as in Sources
}

func (l *loading) run() (*Loaded, error) {
	flags, err := parseFlags(l.schema, l.in.Args)
	if err != nil {
		return nil, err
	}
	l.problems = append(l.problems, flags.problems...)
	l.problems = append(l.problems, strayArguments(flags.args, l.in.MaxArgs)...)

	env := parseEnviron(l.schema, l.in.Environ)
	path := l.filePath(flags.values, env.values)
	file := map[string]given{}
	if path != "" {
		var problems []Problem
		file, problems = readConfigFile(l.schema, path, l.in.ReadFile)
		l.problems = append(l.problems, problems...)
	}

	refs := &references{environ: env.all, readFile: l.in.ReadFile, used: map[string]bool{}}
	for _, s := range l.schema.settings {
		l.settle(s, refs, flags.values, env.values, file)
	}
	l.problems = append(l.problems, env.problems(l.schema, l.in.OtherEnv, refs.used)...)
	l.validate()
	if len(l.problems) > 0 {
		return nil, &Error{Problems: l.problems}
	}
	return &Loaded{Args: flags.args, File: path, Sources: l.sources}, nil
}

// filePath is the value of --config or its variable, "" without one.
func (l *loading) filePath(layers ...map[string]given) string {
	for _, layer := range layers {
		if g, ok := layer[l.schema.file.name]; ok {
			return g.text
		}
	}
	return ""
}

// settle gives s its value from the first layer that has one, or its default.
func (l *loading) settle(s *setting, refs *references, layers ...map[string]given) {
	l.sources[s.name] = "default"
	for _, layer := range layers {
		g, ok := layer[s.name]
		if !ok {
			continue
		}
		l.sources[s.name] = g.source
		if err := s.set(g, refs); err != nil {
			l.problems = append(l.problems, s.problem(g, err))
		}
		return
	}
}

// validate asks every section for its problems. It leaves out settings that
// already have one: they hold their default now, not what the user wrote.
func (l *loading) validate() {
	bad := map[string]bool{}
	for _, p := range l.problems {
		bad[p.Field] = true
	}
	for _, sec := range l.schema.sections {
		v, ok := sec.target.(validator)
		if !ok {
			continue
		}
		for _, p := range v.Validate() {
			p.Field = join(sec.name, p.Field)
			if s, known := l.schema.byName[p.Field]; known {
				p.Value, p.Source = s.display(), l.sources[s.name]
			}
			if !bad[p.Field] {
				l.problems = append(l.problems, p)
			}
		}
	}
}
