package stream

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"time"

	"quintet/engine"
	"quintet/engine/api"
)

// Definition says what the members of a stream's events mean. Members that it
// does not name are kept with the event and not counted.
type Definition struct {
	Time       string    `json:"time"`
	Dimensions []string  `json:"dimensions"`
	Measures   []string  `json:"measures"`
	Retention  Retention `json:"retention"`
}

// Retention says how long what is kept. The log is common to all streams and
// goes in whole segments, so events may stay longer, never shorter.
type Retention struct {
	Raw api.Duration `json:"raw"`
}

// Info is what a stream tells about itself.
type Info struct {
	Name       string    `json:"name"`
	Time       string    `json:"time"`
	Dimensions []string  `json:"dimensions" nullable:"false"`
	Measures   []string  `json:"measures" nullable:"false"`
	Retention  Retention `json:"retention"`
	Inferred   bool      `json:"inferred" doc:"The first events defined the stream."`
	Series     int       `json:"series" doc:"In the windows that are in memory."`
	NextOffset uint64    `json:"next_offset" doc:"Of the next event."`
	CreatedAt  time.Time `json:"created_at"`
	UpdatedAt  time.Time `json:"updated_at"`

	ETag string `json:"-"`
}

// record is a definition as it is stored, JSON in bucketDefinitions under the
// stream's name. The id stands for the stream in the log, so that a stream of
// the same name begins anew after a delete.
type record struct {
	ID      engine.ID `json:"id"`
	Version uint64    `json:"version"` // counted from 1; the ETag
	Definition
	Inferred bool      `json:"inferred,omitempty"`
	Created  time.Time `json:"created"`
	Updated  time.Time `json:"updated"`
}

func (r *record) etag() string { return fmt.Sprintf(`"%d"`, r.Version) }

func (r *record) encode() []byte {
	data, err := json.Marshal(r)
	if err != nil {
		panic(err) // our own type marshals
	}
	return data
}

func decodeRecord(value []byte) (*record, error) {
	var r record
	if err := json.Unmarshal(value, &r); err != nil {
		return nil, &engine.CorruptError{File: "store.db", Offset: -1, Key: string(bucketDefinitions), Reason: "a definition cannot be read: " + err.Error()}
	}
	return &r, nil
}

const defaultTime = "ts"

var memberName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,62}$`)

// normal fills in the defaults of d and refuses what cannot be a definition.
func (d Definition) normal() (Definition, error) {
	if d.Time == "" {
		d.Time = defaultTime
	}
	d.Dimensions, d.Measures = orEmpty(d.Dimensions), orEmpty(d.Measures)
	if d.Retention.Raw == 0 {
		d.Retention.Raw = api.Duration(defaultRaw)
	}
	var faults []engine.FieldError
	fault := func(location, format string, args ...any) {
		faults = append(faults, engine.FieldError{Location: location, Message: fmt.Sprintf(format, args...)})
	}
	if len(d.Dimensions) > maxDimensions {
		fault("body.dimensions", "has %d names and may have %d", len(d.Dimensions), maxDimensions)
	}
	if len(d.Measures) > maxMeasures {
		fault("body.measures", "has %d names and may have %d", len(d.Measures), maxMeasures)
	}
	if raw := time.Duration(d.Retention.Raw); raw < shortestRaw || raw > longestRaw {
		fault("body.retention.raw", "is from %s to %s", api.Duration(shortestRaw), api.Duration(longestRaw))
	}
	seen := map[string]bool{}
	name := func(location, name string) {
		switch {
		case !memberName.MatchString(name):
			fault(location, "has 1 to 63 of A-Z, a-z, 0-9, _, . and -, and begins with a letter or _")
		case name == offsetMember:
			fault(location, "is reserved")
		case seen[name]:
			fault(location, "names %q a second time", name)
		}
		seen[name] = true
	}
	name("body.time", d.Time)
	for i, n := range d.Dimensions {
		name(fmt.Sprintf("body.dimensions[%d]", i), n)
	}
	for i, n := range d.Measures {
		name(fmt.Sprintf("body.measures[%d]", i), n)
	}
	if len(faults) > 0 {
		return d, &engine.Error{Kind: engine.Invalid, Code: "invalid_definition", Detail: faults[0].Location + " " + faults[0].Message, Fields: faults}
	}
	return d, nil
}

func orEmpty(names []string) []string {
	if names == nil {
		return []string{} // [] and not null
	}
	return names
}

// counts reports whether events are counted alike under both.
func (d Definition) counts(other Definition) bool {
	return d.Time == other.Time && slices.Equal(d.Dimensions, other.Dimensions) && slices.Equal(d.Measures, other.Measures)
}

func (d Definition) equal(other Definition) bool {
	return d.counts(other) && d.Retention == other.Retention
}
