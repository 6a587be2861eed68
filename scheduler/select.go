package scheduler

import (
	"bytes"
	"cmp"
	"iter"
	"strings"

	"quintet/engine"
	"quintet/engine/filter"
)

// selection chooses jobs, for lists and for bulk operations.
type selection struct {
	queue  string   // "" = every queue
	states stateSet // 0 = every state
	tag    string   // "" = whatever
	filter filter.Expression
}

// row is a job as a filter sees it.
type row struct {
	j *job
	f *fixed
}

// jobFields are what a filter may test, and how each is read from a job.
var jobFields = map[string]struct {
	kind  filter.Kind
	texts func(r row) []string // of Text and Label
	whole func(r row) int64    // of Number
}{
	"queue":        {kind: filter.Label, texts: func(r row) []string { return []string{r.j.queue} }},
	"state":        {kind: filter.Label, texts: func(r row) []string { return []string{r.j.state.String()} }},
	"key":          {kind: filter.Label, texts: func(r row) []string { return given(r.f.key) }},
	"schedule":     {kind: filter.Label, texts: func(r row) []string { return given(r.f.schedule) }},
	"tag":          {kind: filter.Label, texts: func(r row) []string { return r.f.tags }},
	"created_at":   {kind: filter.Text, texts: func(r row) []string { return timeText(r.f.created) }},
	"run_at":       {kind: filter.Text, texts: func(r row) []string { return timeText(r.j.due) }},
	"finished_at":  {kind: filter.Text, texts: func(r row) []string { return finishedText(r.j) }},
	"priority":     {kind: filter.Number, whole: func(r row) int64 { return int64(r.j.priority) }},
	"attempt":      {kind: filter.Number, whole: func(r row) int64 { return int64(r.j.attempt) }},
	"max_attempts": {kind: filter.Number, whole: func(r row) int64 { return int64(r.j.attempts) }},
}

func given(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

// timeText writes a time so that texts sort by it, in UTC.
func timeText(ms int64) []string {
	return []string{clockTime(ms).Format("2006-01-02T15:04:05.000Z")}
}

func finishedText(j *job) []string {
	if !j.state.finished() {
		return nil
	}
	return timeText(j.time)
}

// parseJobFilter reads a filter over jobs, nil for a blank one.
func parseJobFilter(at, text string) (filter.Expression, error) {
	return filter.Parse(text, filter.Fields{
		Location: at, Noun: "a field of a job",
		Kind: func(name string) filter.Kind { return jobFields[name].kind },
	})
}

// testRow makes a test of a filter a function.
func testRow(t *filter.Test) func(row) bool {
	field := jobFields[t.Field]
	if field.whole != nil {
		return func(r row) bool {
			n := field.whole(r)
			return t.Op == filter.Exists || t.Holds(func(v *filter.Value) int {
				if v.IsWhole {
					return cmp.Compare(n, v.Whole)
				}
				return cmp.Compare(float64(n), v.Float)
			})
		}
	}
	return func(r row) bool {
		for _, text := range field.texts(r) {
			if t.Op == filter.Exists || t.Holds(func(v *filter.Value) int { return strings.Compare(text, v.Text) }) {
				return true
			}
		}
		return false
	}
}

// matcher is what a selection asks of a job beyond where it was found.
func (s *selection) matcher() func(row) bool {
	test := func(row) bool { return true }
	if s.filter != nil {
		test = filter.Compile(s.filter, testRow)
	}
	return func(r row) bool {
		return (s.queue == "" || r.j.queue == s.queue) && (s.states == 0 || s.states.has(r.j.state)) && test(r)
	}
}

// candidates yields the ids among which the chosen jobs are, from the newest
// below a cursor to the oldest. A hint is where the job stands, nil where that
// is not known.
func (s *selection) candidates(v *engine.View, t engine.Tenant, queues []string, below []byte) iter.Seq2[engine.ID, *place] {
	switch {
	case s.tag != "":
		prefix := tagKey(t, s.tag, engine.ID{})[:16]
		return idsOf(v, bucketTags, prefix, below)
	case s.queue == "" && s.states == 0:
		return idsOf(v, bucketJobs, nil, below)
	}
	var parts []iter.Seq2[engine.ID, *place]
	for _, queue := range queues {
		for state := Scheduled; state < states; state++ {
			if (s.queue == "" || s.queue == queue) && (s.states == 0 || s.states.has(state)) {
				parts = append(parts, placesIn(v, queue, state, below))
			}
		}
	}
	return mergeFalling(parts)
}

// idsOf yields the ids that stand behind a prefix, falling, below a cursor.
func idsOf(v *engine.View, b engine.Bucket, prefix, below []byte) iter.Seq2[engine.ID, *place] {
	var to []byte
	switch {
	case below != nil:
		to = append(bytes.Clone(prefix), below...)
	case prefix != nil:
		to = append(bytes.Clone(prefix), bytes.Repeat([]byte{0xff}, 17)...)
	}
	return func(yield func(engine.ID, *place) bool) {
		for key := range v.DescendKeys(b, prefix, to) {
			if !yield(engine.ID(key[len(prefix):]), nil) {
				return
			}
		}
	}
}

// placesIn yields the jobs of one queue and state, falling, below a cursor.
func placesIn(v *engine.View, queue string, state State, below []byte) iter.Seq2[engine.ID, *place] {
	from := placePrefix(nil, queue, state)
	to := placePrefix(nil, queue, state+1)
	if below != nil {
		to = append(bytes.Clone(from), below...)
	}
	return func(yield func(engine.ID, *place) bool) {
		for key := range v.DescendKeys(bucketStates, from, to) {
			_, p, ok := splitPlace(key)
			p.queue = queue
			if ok && !yield(p.id, &p) {
				return
			}
		}
	}
}

// mergeFalling merges sequences that fall into one that falls.
func mergeFalling(parts []iter.Seq2[engine.ID, *place]) iter.Seq2[engine.ID, *place] {
	type head struct {
		id   engine.ID
		at   *place
		next func() (engine.ID, *place, bool)
	}
	return func(yield func(engine.ID, *place) bool) {
		var heads []*head
		for _, part := range parts {
			next, stop := iter.Pull2(part)
			defer stop()
			if id, at, ok := next(); ok {
				heads = append(heads, &head{id, at, next})
			}
		}
		for len(heads) > 0 {
			top := 0
			for i := range heads {
				if bytes.Compare(heads[i].id[:], heads[top].id[:]) > 0 {
					top = i
				}
			}
			h := heads[top]
			if !yield(h.id, h.at) {
				return
			}
			ok := false
			if h.id, h.at, ok = h.next(); !ok {
				heads[top] = heads[len(heads)-1]
				heads = heads[:len(heads)-1]
			}
		}
	}
}

// readRow reads a job that candidates found; nil if it is gone.
func readRow(v *engine.View, id engine.ID, at *place) (r row, err error) {
	if r.f, err = loadFixed(v, id); err != nil {
		return row{}, err
	}
	r.j, err = findJob(v, id, at)
	return r, err
}
