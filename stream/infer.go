package stream

// inferLines is how many events a definition is inferred from at most.
const inferLines = 1000

// infer derives a definition from a stream's first events: "ts" is the time;
// members that are always numbers are measures; members that are texts, or
// texts in some events and numbers or booleans in others, are dimensions unless
// one is too long for that; all others are only kept. Up to 16 of each are
// taken, in the order of their first appearance. Lines that cannot be read do
// not count; parse refuses them.
func infer(body []byte, oneValue bool) (Definition, error) {
	lines := newSplitter(body, oneValue)
	var order []string
	kinds := map[string]uint{} // a bit per kind
	for range inferLines {
		from, to, err := lines.next()
		if err != nil {
			return Definition{}, err
		}
		if from == to {
			break
		}
		_ = members(body[from:to], func(name string, t *token) error {
			if _, known := kinds[name]; !known {
				order = append(order, name)
			}
			kinds[name] |= 1 << t.kind
			if len(t.text) > maxDimension {
				kinds[name] |= 1 << kindNested
			}
			return nil
		})
	}
	return inferred(order, kinds).normal()
}

func inferred(order []string, kinds map[string]uint) (d Definition) {
	const text, number, null, nested = 1 << kindText, 1 << kindNumber, 1 << kindNull, 1 << kindNested
	for _, name := range order {
		has := kinds[name]
		switch {
		case !memberName.MatchString(name) || name == defaultTime || name == offsetMember:
		case has&text != 0 && has&nested == 0 && len(d.Dimensions) < maxDimensions:
			d.Dimensions = append(d.Dimensions, name)
		case has&^null == number && len(d.Measures) < maxMeasures:
			d.Measures = append(d.Measures, name)
		}
	}
	return d
}
