package search

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"

	"quintet/engine"
	"quintet/engine/api"
)

// Sizes of one update: how many documents, and how many bytes of them.
const (
	sliceDocuments = 80 // each has two random keys, and an update may have 250
	sliceBytes     = 1 << 20
	maxLine        = MaxDocument + 8<<10 + maxVectorText // with the vectors of an export, and before blanks are taken out
)

// maxAttempts is how often documents are read anew because others gave their
// collection new fields in between, or an alias was moved.
const maxAttempts = 8

// Put stores one document, under the id that the path names, "" for its own or
// a new one. A document of the same id is replaced, where the condition lets
// it. It returns once searches find the document.
func (s *Service) Put(ctx context.Context, t engine.Tenant, collection, id string, raw []byte, condition Condition) (d Document, replaced bool, err error) {
	p, err := s.read(ctx, t, collection, raw, id)
	if err != nil {
		return d, false, err
	}
	for range maxAttempts {
		p.condition = condition
		if err = s.write(ctx, []*Put{p}); !errors.Is(err, errCollectionMoved) {
			break
		}
		if p, err = s.again(ctx, p); err != nil {
			return d, false, err
		}
	}
	if err != nil {
		return d, false, err
	}
	return Document{p.document.id, p.document.json, p.ETag()}, p.replaced, s.Stored(ctx, p)
}

// again reads a document by the fields that its collection, or the one to which
// the alias leads, has now.
func (s *Service) again(ctx context.Context, p *Put) (*Put, error) {
	return s.read(ctx, p.tenant, cmp.Or(p.alias, p.collection.name), p.raw, p.document.id)
}

// write embeds documents of one collection and writes them in one update.
func (s *Service) write(ctx context.Context, puts []*Put) error {
	if err := s.admitPuts(ctx, puts[0].collection); err != nil {
		return err
	}
	if err := s.embedPuts(ctx, puts); err != nil {
		return err
	}
	defer s.ahead.read(puts)()
	if err := puts[0].collection.held.pass(ctx); err != nil {
		return err
	}
	weight := 0
	for _, p := range puts {
		weight += 2*len(p.document.json) + 2048
	}
	options := []engine.UpdateOption{engine.Weight(weight)}
	if len(puts)*putKeys+1 > smallUpdate {
		options = append(options, engine.Bulk)
	}
	return s.e.Store.Update(ctx, puts[0].tenant, func(tx *engine.Tx) error { return s.PutTx(tx, puts...) }, options...)
}

const smallUpdate = 60 // keys that go without engine.Bulk

// Import stores the documents of an NDJSON body or a JSON array, each for
// itself, in updates of up to 80. after is called when some are stored; it
// keeps a connection alive. When it fails, what was stored stays.
func (s *Service) Import(ctx context.Context, t engine.Tenant, collection string, body io.Reader, after func()) (*api.Bulk, error) {
	c, err := s.openToWrite(ctx, t, collection)
	if err != nil {
		return nil, err
	}
	if err := s.checkModel(c.schema.Load()); err != nil {
		return nil, err
	}
	in := &importing{s: s, ctx: ctx, name: collection, c: c, schema: c.schema.Load(), answer: api.NewBulk(), after: after}
	err = api.Lines(body, api.MaxLines, maxLine, in.line)
	if err == nil {
		err = in.flush()
	}
	if err != nil {
		return nil, in.failed(err)
	}
	if !in.drawn {
		in.answer.IDs = nil // the client knows them
	}
	return in.answer, nil
}

// importing is one request for many documents.
type importing struct {
	s      *Service
	ctx    context.Context
	name   string // by which the collection was named
	c      *collection
	schema *schema // grows with the documents of the slice
	answer *api.Bulk
	after  func()
	drawn  bool // some document had no id
	known  bool // all have their ids from the client, who need not be told them

	lines []int // of puts
	puts  []*Put
	bytes int
}

// line takes one line. What it was given is its own to keep.
func (in *importing) line(n int, raw []byte) error {
	p, err := in.s.readBy(in.c, in.schema, append([]byte{}, raw...), "")
	if err != nil {
		in.reject(n, err)
		return nil
	}
	in.take(n, p)
	if len(in.puts) < sliceDocuments && in.bytes < sliceBytes {
		return nil
	}
	return in.flush()
}

func (in *importing) take(n int, p *Put) {
	in.schema, p.alias = p.schema, in.c.throughAlias(in.name)
	if _, own := p.members[fieldID]; !own {
		in.drawn = true
	}
	in.lines, in.puts, in.bytes = append(in.lines, n), append(in.puts, p), in.bytes+len(p.document.json)
}

func (in *importing) reject(n int, err error) {
	in.answer.Reject(n, err)
	in.keep(n, "")
}

// keep notes the id of a line, in line order.
func (in *importing) keep(n int, id string) {
	if in.known {
		return
	}
	for len(in.answer.IDs) < n {
		in.answer.IDs = append(in.answer.IDs, "")
	}
	in.answer.IDs[n-1] = id
}

// flush writes what was collected.
func (in *importing) flush() error {
	for range maxAttempts {
		if len(in.puts) == 0 {
			return nil
		}
		err := in.s.write(in.ctx, in.puts)
		if err == nil {
			return in.done()
		}
		if !errors.Is(err, errCollectionMoved) {
			return err
		}
		if err := in.again(); err != nil {
			return err
		}
	}
	return errCollectionMoved
}

func (in *importing) done() error {
	if err := in.s.Stored(in.ctx, in.puts...); err != nil {
		return err
	}
	for i, p := range in.puts {
		in.answer.Accept()
		in.keep(in.lines[i], p.document.id)
	}
	in.lines, in.puts, in.bytes = nil, nil, 0
	in.after()
	return nil
}

// again reads the slice anew, by the fields that its collection has now.
func (in *importing) again() error {
	c, err := in.s.openToWrite(in.ctx, in.c.tenant, in.name)
	if err != nil {
		return err
	}
	lines, puts := in.lines, in.puts
	in.c, in.schema, in.lines, in.puts, in.bytes = c, c.schema.Load(), nil, nil, 0
	for i, p := range puts {
		fresh, err := in.s.readBy(c, in.schema, p.raw, p.document.id)
		if err != nil {
			in.reject(lines[i], err)
			continue
		}
		if fresh.text != "" && fresh.text == p.text && fresh.schema.Model == p.schema.Model && fresh.schema.space.precision == p.schema.space.precision {
			fresh.document.hash, fresh.document.vector = p.document.hash, p.document.vector
			fresh.document.more, fresh.passages = p.document.more, p.passages
		}
		in.take(lines[i], fresh)
	}
	return nil
}

// failed says how far a request came that cannot go on: nothing is taken back.
func (in *importing) failed(err error) error {
	own, ok := errors.AsType[*engine.Error](err)
	if !ok || in.answer.Accepted == 0 {
		return err
	}
	told := *own
	told.Detail = fmt.Sprintf("%s (%d documents before were stored; sending them again replaces them by themselves)", own.Detail, in.answer.Accepted)
	return &told
}
