package stream

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"quintet/engine"
)

// check proves that the log holds what streams rely on: offsets without a gap,
// batches that can be read, and the scanner and the tally counting as a plain
// reading with encoding/json does. It needs no started streams.
func (s *Streams) check(ctx context.Context, v *engine.View, report func(string)) error {
	shapes, err := s.checkDefinitions(v, report)
	if err != nil {
		return err
	}
	next := map[idKey]uint64{}
	_, err = s.engine.Events.Read(ctx, s.engine.Events.First(), func(r engine.EventRecord) error {
		key := idKey{r.Tenant.UID(), r.Stream}
		if want, known := next[key]; known && r.Offset != want && r.Offset < want+restoreJump {
			report(fmt.Sprintf("the batch at position %d begins with offset %d instead of %d", r.Sequence, r.Offset, want))
		}
		next[key] = r.Offset + uint64(r.Count)
		if sh := shapes[key]; sh != nil {
			if err := sh.checkBatch(r); err != nil {
				report(fmt.Sprintf("the batch at position %d: %v", r.Sequence, err))
			}
		}
		return nil
	})
	return err
}

// restoreJump is by how much a restore raises every offset; see engine.Restore.
const restoreJump = 1 << 40

func (s *Streams) checkDefinitions(v *engine.View, report func(string)) (map[idKey]*shape, error) {
	shapes := map[idKey]*shape{}
	for _, t := range s.engine.Tenants.List() {
		for name, value := range v.Of(t).Scan(bucketDefinitions, nil, nil) {
			r, err := decodeRecord(value)
			if err != nil {
				return nil, err
			}
			if _, err := r.Definition.normal(); err != nil {
				report(fmt.Sprintf("stream %s of tenant %s: %v", name, t.Name(), err))
			}
			shapes[idKey{t.UID(), r.ID}] = compile(r.Definition, r.Version)
		}
		for key, value := range v.Of(t).Scan(bucketSpans, nil, nil) {
			if p, err := decodePart(key, value); err != nil || p.from >= p.to || p.to > s.engine.Events.End() {
				report(fmt.Sprintf("a span of tenant %s leads nowhere", t.Name()))
			}
		}
	}
	return shapes, nil
}

// checkBatch compares the tally of a batch with a naive count of its lines.
func (s *shape) checkBatch(r engine.EventRecord) error {
	b, err := s.stored(r)
	if err != nil {
		return err
	}
	lines := bytes.Split(r.Data[batchHeader:], []byte{'\n'})
	if len(lines) != int(r.Count) {
		return fmt.Errorf("it holds %d events and says %d", len(lines), r.Count)
	}
	naive := map[string]*naiveCell{}
	for _, line := range lines {
		if err := s.naive(line, naive); err != nil {
			return err
		}
	}
	for i := range b.tally.entries {
		e := &b.tally.entries[i]
		key := fmt.Sprint(e.window, " ", string(b.tally.key(e)))
		if err := naive[key].compare(e.count, b.tally.row(i)); err != nil {
			return fmt.Errorf("in the window %d: %w", e.window, err)
		}
		delete(naive, key)
	}
	if len(naive) > 0 {
		return fmt.Errorf("%d series are not counted", len(naive))
	}
	return nil
}

// naiveCell is what a plain count knows of one series in one window.
type naiveCell struct {
	count  uint64
	values [][]float64 // of each measure
}

// naive counts one line without scanner and tally.
func (s *shape) naive(line []byte, cells map[string]*naiveCell) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	var members map[string]any
	if err := d.Decode(&members); err != nil {
		return err
	}
	raw, _ := json.Marshal(members[s.Time])
	t, err := decodeToken(raw)
	if err != nil {
		return err
	}
	at, ok := instant(&t)
	if !ok {
		return errTimeInvalid
	}
	var key []byte
	for _, name := range s.Dimensions {
		key = appendDimension(key, naiveDimension(members[name]))
	}
	place := fmt.Sprint(at/int64(time.Second), " ", string(key))
	c := cells[place]
	if c == nil {
		c = &naiveCell{values: make([][]float64, len(s.Measures))}
		cells[place] = c
	}
	c.count++
	for i, name := range s.Measures {
		if n, ok := members[name].(json.Number); ok {
			if f, err := n.Float64(); err == nil {
				c.values[i] = append(c.values[i], f)
			}
		}
	}
	return nil
}

func naiveDimension(value any) []byte {
	text := ""
	switch v := value.(type) {
	case string:
		text = v
	case json.Number:
		text = v.String()
	case bool:
		text = fmt.Sprint(v)
	default:
		return nil
	}
	if len(text) > maxDimension {
		return nil
	}
	return []byte(text)
}

// compare allows sums to differ by what the order of adding makes.
func (c *naiveCell) compare(count uint64, cells []measure) error {
	if c == nil || c.count != count {
		return fmt.Errorf("the tally has %d events of a series", count)
	}
	for i, m := range cells {
		var want measure
		size := 0.0
		for _, v := range c.values[i] {
			want.add(v)
			size += math.Abs(v)
		}
		if m.n != want.n || m.min != want.min || m.max != want.max || math.Abs(m.sum-want.sum) > 1e-9*size {
			return fmt.Errorf("measure %d is %+v instead of %+v", i, m, want)
		}
	}
	return nil
}
