package search

import (
	"context"
	"encoding/json"
	"testing"
)

// TestFalseHead opens segments whose head tells of more rows, or fewer, than
// there are: nothing is made of that size.
func TestFalseHead(t *testing.T) {
	sealing := newSealing(fuzzSchema)
	for i := range 3 {
		r, err := fuzzSchema.newRow(put{version: version{15: byte(i)}, value: stored{json: []byte(`{"id":"a","t":"warm"}`)}.encode()})
		if err != nil {
			t.Fatal(err)
		}
		sealing.add(r)
	}
	_, sections, err := sealing.seal(context.Background(), version{})
	if err != nil {
		t.Fatal(err)
	}
	var info segmentInfo
	if err := json.Unmarshal(sections[0].data, &info); err != nil {
		t.Fatal(err)
	}
	for _, rows := range []int{-1, 0, 2, 4, 1 << 31, 1 << 60, 3 + 1<<60, -1 << 60, 1<<63 - 1} {
		for _, versions := range [][]byte{nil, sections[1].data} {
			told := info
			told.Rows = rows
			head, err := json.Marshal(told)
			if err != nil {
				t.Fatal(err)
			}
			forged := append([]section{{kind: sectionHead, data: head}, {kind: sectionVersions, data: versions}}, sections[2:]...)
			content := newSegmentContent(forged)
			if _, err := openPart(fuzzSchema, content, content.size()); err == nil {
				t.Errorf("a segment of 3 rows is opened as one of %d", rows)
			}
		}
	}
}
