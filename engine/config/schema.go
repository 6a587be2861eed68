package config

import (
	"encoding"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"time"
)

// setting is one field that has a value.
type setting struct {
	name   string // dotted from the root: stream.max-in-flight
	env    string
	preset string // the default tag
	doc    string
	secret bool
	reload bool
	target any // pointer to the field, of one of the kinds in value.go
}

// section is one struct of settings; the root's name is "".
type section struct {
	name   string
	doc    string
	target any // pointer to the struct
}

// schema is a struct as this package sees it, in the order of its fields.
type schema struct {
	root     reflect.Value // the struct that the targets point into
	settings []*setting
	sections []*section
	file     *setting // --config, which is no field of the struct
	byName   map[string]*setting
	byEnv    map[string]*setting
}

var namePattern = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// bind makes a new struct of the type that dst points to, reads its tags and
// sets its defaults. dst itself stays as it is.
func bind(dst any) (*schema, error) {
	t := reflect.TypeOf(dst)
	if t == nil || t.Kind() != reflect.Pointer || t.Elem().Kind() != reflect.Struct || reflect.ValueOf(dst).IsNil() {
		return nil, fmt.Errorf("config: want a pointer to a struct, got %T", dst)
	}
	s := &schema{root: reflect.New(t.Elem()).Elem(), byName: map[string]*setting{}, byEnv: map[string]*setting{}}
	s.file = &setting{
		name:   "config",
		doc:    "Configuration file, YAML or JSON. Its keys are the names of the flags, nested at each dot.",
		target: new(string),
	}
	if err := s.add(s.file); err != nil {
		return nil, err
	}
	if err := s.addSection("", "", s.root); err != nil {
		return nil, err
	}
	return s, nil
}

// bindValues is bind with the values of src instead of the defaults.
func bindValues(src any) (*schema, error) {
	s, err := bind(src)
	if err == nil {
		s.root.Set(reflect.ValueOf(src).Elem())
	}
	return s, err
}

func (s *schema) addSection(name, doc string, v reflect.Value) error {
	s.sections = append(s.sections, &section{name: name, doc: doc, target: v.Addr().Interface()})
	for i := range v.NumField() {
		field := v.Type().Field(i)
		tag := field.Tag.Get("name")
		if !field.IsExported() || tag == "-" {
			continue
		}
		if !namePattern.MatchString(tag) {
			return fmt.Errorf("config: field %s.%s: name %q must be lower-case words joined by hyphens", v.Type(), field.Name, tag)
		}
		if join(name, tag) == "help" {
			return fmt.Errorf("config: field %s.%s: the name help is taken", v.Type(), field.Name)
		}
		if err := s.addField(join(name, tag), field, v.Field(i)); err != nil {
			return err
		}
	}
	return nil
}

func (s *schema) addField(name string, field reflect.StructField, v reflect.Value) error {
	target := v.Addr().Interface()
	if !isKind(target) {
		if v.Kind() != reflect.Struct {
			return fmt.Errorf("config: %s: type %s is no kind of setting (see the package comment)", name, v.Type())
		}
		return s.addSection(name, field.Tag.Get("doc"), v)
	}
	_, isSecret := target.(*Secret)
	one := &setting{
		name:   name,
		preset: field.Tag.Get("default"),
		doc:    field.Tag.Get("doc"),
		secret: isSecret || field.Tag.Get("secret") == "true",
		reload: field.Tag.Get("reload") == "true",
		target: target,
	}
	if err := one.setDefault(); err != nil {
		return err
	}
	s.settings = append(s.settings, one)
	return s.add(one)
}

// add makes a setting known by its name and by its variable.
func (s *schema) add(one *setting) error {
	one.env = Prefix + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(one.name))
	if other, taken := s.byEnv[one.env]; taken {
		return fmt.Errorf("config: %s and %s share the variable %s: rename one", other.name, one.name, one.env)
	}
	s.byName[one.name], s.byEnv[one.env] = one, one
	return nil
}

func (s *schema) hasSection(name string) bool {
	for _, sec := range s.sections {
		if sec.name == name {
			return true
		}
	}
	return false
}

func join(section, name string) string {
	if section == "" || name == "" {
		return section + name
	}
	return section + "." + name
}

// isKind reports whether target points to one of the kinds of a setting.
func isKind(target any) bool {
	switch target.(type) {
	case *string, *bool, *int, *int64, *uint, *float64, *time.Duration, *[]string, *Secret:
		return true
	}
	_, reads := target.(encoding.TextUnmarshaler)
	_, writes := target.(encoding.TextMarshaler)
	return reads && writes
}
