package stream

import (
	"context"
	"errors"
	"time"

	"quintet/engine"
)

// beatEvery is how often a comment comes, so that both sides know of the other.
const beatEvery = 15 * time.Second

var beat = []byte(": \n\n")

// sink is the client of a live connection. Write sends at once, and fails when
// the client does not take it in time: an api.Events.
type sink interface{ Write(p []byte) (int, error) }

// subscription is a live connection that has been admitted.
type subscription struct {
	streams *Streams
	stream  *stream
	plan    *plan
	key     string // of its feed
	tag     string
	after   uint64 // the events up to here are known; joinNow = from now on
	unknown bool   // they are of another log
	leave   func()
}

// subscribe checks a live query and admits it. Serve must be called after it.
func (s *Streams) subscribe(t engine.Tenant, name string, q LiveQuery) (*subscription, error) {
	st, err := s.registry.get(t, name)
	if err != nil {
		return nil, err
	}
	p, err := st.current().compile(q.question())
	if err != nil {
		return nil, err
	}
	for _, c := range p.columns {
		if c.what == aggregateAvg {
			return nil, invalid("query.select", "an average cannot be added up; take sum and count")
		}
	}
	leave, err := s.live.enter(t)
	if err != nil {
		return nil, err
	}
	sub := &subscription{streams: s, stream: st, plan: p, key: q.feedKey(p.shape.version), tag: s.tag(st), after: joinNow, leave: leave}
	if q.LastEventID != "" {
		offset, ok := parseLiveID(q.LastEventID, sub.tag)
		sub.after, sub.unknown = offset, !ok || offset >= st.applied()
	}
	return sub, nil
}

// serve sends frames to out until the client, the stream or the server ends
// it. It writes to out from this goroutine alone.
func (c *subscription) serve(ctx context.Context, out sink) {
	defer c.leave()
	if c.unknown {
		_, _ = out.Write(goodbyeUnknown.frame())
		return
	}
	sub := newSubscriber()
	defer c.stream.leave(sub, c.key)
	if why, ok := c.catchUp(ctx, sub, out); !ok {
		_, _ = out.Write(why.frame())
		return
	}
	timer := time.NewTicker(beatEvery)
	defer timer.Stop()
	for {
		var next []byte
		select {
		case <-ctx.Done():
			return
		case <-sub.ended:
			_, _ = out.Write(sub.why.frame()) // the last word; it need not be heard
			return
		case <-timer.C:
			next = beat
		case fr := <-sub.frames:
			next = fr.bytes
		}
		if _, err := out.Write(next); err != nil {
			return
		}
	}
}

// catchUp reads from the log what the client has missed, until it can join its
// feed without a gap. It fails with why there is nothing more to say.
func (c *subscription) catchUp(ctx context.Context, sub *subscriber, out sink) (why goodbye, ok bool) {
	var at *cursor
	for {
		f, upTo, joined, err := c.stream.join(sub, c.plan, c.key, c.after)
		switch {
		case err != nil:
			return goodbye{errFeeds.Code, errFeeds.Detail}, false
		case joined:
			c.streams.live.ended(sub)
			return goodbye{}, true
		case upTo < c.after: // the client knows more than the feed has told
			c.streams.send(c.stream, f)
			continue
		}
		if at == nil {
			at, err = c.streams.at(ctx, c.stream, c.after+1)
		}
		var fr *frame
		if err == nil {
			fr, err = at.frame(ctx, c.plan, c.tag, upTo)
		}
		if err != nil || fr == nil {
			return c.gap(ctx, err), false
		}
		if _, err := out.Write(fr.bytes); err != nil {
			return goodbyeSlow, false
		}
		c.after = at.offset - 1
	}
}

// gap explains why the events behind the client's last one cannot be read.
func (c *subscription) gap(ctx context.Context, err error) goodbye {
	if err == nil || errors.Is(err, errOffset) {
		return goodbyeUnknown
	}
	if ctx.Err() == nil {
		c.streams.engine.Log.Error("a live connection cannot be resumed", "stream", c.stream.name, "error", err)
	}
	return goodbyeFailed
}
