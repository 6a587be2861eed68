package stream

import "quintet/engine/filter"

// predicate reports whether dimension values pass; a nil one passes all. A
// missing value equals no text.
type predicate = func(dims *[maxDimensions][]byte) bool

// parseFilter reads a filter over the dimensions of s.
func (s *shape) parseFilter(text, location string) (predicate, error) {
	e, err := filter.Parse(text, filter.Fields{
		Location: location, Noun: "a dimension of the stream",
		Kind: func(name string) filter.Kind {
			if s.dimension(name) < 0 {
				return filter.None
			}
			return filter.Label // numbers too are kept as texts, whose order is another
		},
	})
	if err != nil || e == nil {
		return nil, err
	}
	return filter.Compile(e, s.test), nil
}

func (s *shape) test(t *filter.Test) predicate {
	i := s.dimension(t.Field)
	return func(d *[maxDimensions][]byte) bool {
		if d[i] == nil || t.Op == filter.Exists {
			return d[i] != nil
		}
		for v := range t.Values {
			if t.Values[v].Text == string(d[i]) {
				return true
			}
		}
		return false
	}
}
