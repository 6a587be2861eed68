package stream

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"sync"

	"quintet/engine/api"
)

// feed is one live query of one stream. Its stream's lock guards it.
type feed struct {
	sending     sync.Mutex // held while a frame is taken and handed out; before the stream's
	plan        *plan
	pending     *tally // what its frames have not told yet
	told        uint64 // offset up to which they have, or there was nothing to tell
	subscribers map[*subscriber]struct{}
}

// frame is one event of a live connection, encoded once for all subscribers.
type frame struct{ bytes []byte }

func newFeed(p *plan, told uint64) *feed {
	return &feed{plan: p, pending: newTally(len(p.shape.Measures)), told: told, subscribers: map[*subscriber]struct{}{}}
}

// add notes an applied batch.
func (f *feed) add(t *tally) {
	r := result{plan: f.plan, tally: f.pending}
	for i := range t.entries {
		e := &t.entries[i]
		r.addSeries(e.window, t.key(e), e.count, t.row(i))
	}
}

// addSeries adds what is known of one series in one window.
func (r *result) addSeries(second int64, series []byte, count uint64, cells []measure) {
	var buf [256]byte
	if key, passes := r.plan.group(buf[:0], series); passes {
		r.tally.merge(r.plan.start(second), key, hashKey(key), count, cells)
	}
}

// take returns what is pending, and the offsets that it stands for; nil when
// nothing came that the feed's filter lets pass.
func (f *feed) take(next uint64) (r *result, first, last uint64) {
	first, last = f.told+1, next-1
	f.told = last
	if len(f.pending.entries) == 0 {
		return nil, 0, 0
	}
	r = &result{plan: f.plan, tally: f.pending}
	f.pending = newTally(len(f.plan.shape.Measures))
	return r, first, last
}

// end says goodbye to all subscribers.
func (f *feed) end(why goodbye) {
	for sub := range f.subscribers {
		sub.end(why)
	}
	clear(f.subscribers)
}

// frame encodes what the events from first to last add to their windows.
// Points are not what a window holds but what it grows by: a client adds counts
// and sums, and takes the least min and the greatest max.
func (r *result) frame(tag string, first, last uint64) *frame {
	groups, omitted := r.groups(maxFrameSeries)
	b := make([]byte, 0, 256+64*len(r.tally.entries))
	b = fmt.Appendf(b, "id: %s\nevent: window\ndata: ", liveID(last, tag))
	b = fmt.Appendf(b, `{"first_offset":%d,"last_offset":%d,"step":"%s","omitted":%d,"series":`, first, last, r.plan.stepText(), omitted)
	b = r.appendSeries(b, groups)
	return &frame{append(b, "}\n\n"...)}
}

// A live id is an offset and, behind a hyphen, the tag of the log that it is
// of: eight digits that change when a backup is restored, or when the stream
// is made anew.

func liveID(offset uint64, tag string) string { return strconv.FormatUint(offset, 10) + "-" + tag }

func (s *Streams) tag(st *stream) string {
	h := fnv.New32a()
	id := s.engine.Events.ID()
	_, _ = h.Write(id[:]) // a hash takes everything
	_, _ = h.Write(st.id[:])
	return fmt.Sprintf("%08x", h.Sum32())
}

// parseLiveID returns the offset of a Last-Event-ID, ok only if it is of this log.
func parseLiveID(text, tag string) (offset uint64, ok bool) {
	digits, rest, _ := strings.Cut(text, "-")
	offset, err := strconv.ParseUint(digits, 10, 64)
	return offset, err == nil && rest == tag
}

// goodbye is why a live connection ends.
type goodbye api.Goodbye

var (
	goodbyeStopping  = goodbye{"stopping", "the server is shutting down; connect again with Last-Event-ID"}
	goodbyeRedefined = goodbye{"definition_changed", "the stream has another definition; ask again"}
	goodbyeDeleted   = goodbye{"stream_deleted", "the stream was deleted"}
	goodbyeSlow      = goodbye{"too_slow", "the frames were not read as fast as they came; connect again with Last-Event-ID"}
	goodbyeUnknown   = goodbye{"offset_unknown", "the Last-Event-ID is of another log, or older than what is kept; query the windows and connect without it"}
	goodbyeFailed    = goodbye{"internal", "the events since Last-Event-ID cannot be read; the server's log tells more"}
)

func (g goodbye) frame() []byte {
	data, _ := json.Marshal(g) // two texts marshal
	return fmt.Appendf(nil, "event: goodbye\ndata: %s\n\n", data)
}
