package search

import (
	"context"
	"encoding/json"
	"errors"
	"io"

	"quintet/engine"
	"quintet/engine/api"
	"quintet/search/savedgraph"
)

// errGraphField refuses nodes where no document may bring a vector.
var errGraphField = &engine.Error{Kind: engine.Invalid, Code: "no_vector_field", Detail: "a graph brings vectors, and this collection has no field of type vector(n) for them; make one that has"}

// ImportGraph stores the nodes of a file of coder/hnsw, each as a document of
// two members: its key as the id, and its vector. Like every put, it replaces the
// document of the same id as a whole. The graph itself is passed over; the index
// makes its own. after is called when some are stored. A key that is no id, or a
// vector that cannot be compared, costs its own node alone. Errors:
// no_vector_field, another_metric, malformed_graph; what was stored before stays.
func (s *Service) ImportGraph(ctx context.Context, t engine.Tenant, collection string, body io.Reader, intKeys bool, after func()) (*api.Bulk, error) {
	c, err := s.openToWrite(ctx, t, collection)
	if err != nil {
		return nil, err
	}
	sc := c.schema.Load()
	if sc.given < 0 {
		return nil, errGraphField
	}
	r, err := savedgraph.NewReader(body, savedgraph.Limits{Dimensions: sc.space.dimensions, Nodes: s.options.Documents, IntKeys: intKeys})
	if err != nil {
		return nil, graphFault(err)
	}
	if distance, _ := sc.graphDistance(); distance != r.Head().Distance {
		return nil, engine.Errorf(engine.Invalid, "another_metric", "the graph is one of the distance %q and the collection compares by %s; the neighbours would be others, so make a collection of that metric", r.Head().Distance, sc.space.metric)
	}
	in := &importing{s: s, ctx: ctx, name: collection, c: c, schema: sc, answer: api.NewBulk(), after: after, known: true}
	err = in.nodes(r, sc.fields[sc.given].Name)
	if err == nil {
		err = in.flush()
	}
	if err != nil {
		return nil, in.failed(graphFault(err))
	}
	return in.answer, nil
}

// nodes takes all nodes, counted from 1.
func (in *importing) nodes(r *savedgraph.Reader, field string) error {
	for n := 1; ; n++ {
		key, vector, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		line, err := nodeDocument(key, field, vector)
		if err != nil {
			in.reject(n, err)
			continue
		}
		if err := in.line(n, line); err != nil {
			return err
		}
	}
}

// nodeDocument makes a document of a node.
func nodeDocument(key, field string, vector []float32) ([]byte, error) {
	if err := api.CheckID("document", key); err != nil {
		return nil, err
	}
	if !finite(vector) {
		return nil, invalid(field, "has a number that is none, or infinite")
	}
	return json.Marshal(map[string]any{fieldID: key, field: vector})
}

// graphFault tells what is wrong with a file.
func graphFault(err error) error {
	if fault, is := errors.AsType[*savedgraph.Fault](err); is {
		return engine.Errorf(engine.Malformed, "malformed_graph", "the body is no graph of this collection that coder/hnsw has written, %s; where its keys are ints, say keys=int", fault)
	}
	return err
}
