package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"quintet/engine"
	"quintet/engine/api"
)

// What an update of the store is told of a transaction.
const (
	smallCount  = 8    // operations that surely are a small update
	bytesBeside = 4096 // of memory that one holds beside its JSON, as its vector
)

// Transactions is what /v1/transactions carries out operations with.
type Transactions struct {
	Answers    *engine.Answers
	Operations []OperationKind // by name
}

// OperationKind is one kind of change that may be part of a transaction.
type OperationKind struct {
	Name    string // as in "search.put"
	Scope   string // that the caller must hold
	Members string // the members beside "op", for the document
	// Prepare reads an operation of a tenant and does all that is slow. raw is
	// the JSON object of the operation; at is where it stands in the request.
	// It is called concurrently.
	Prepare func(ctx context.Context, t engine.Tenant, raw json.RawMessage, at string) (Operation, error)
}

// Operation is one change, ready to be made.
type Operation struct {
	Result any                             // what the answer says of it
	Apply  func(tx *engine.Tx) error       // writes it; short and pure, may run again
	Done   func(ctx context.Context) error // after all are on disk: returns when it can be seen
}

type transactionInput struct {
	IdempotencyKey string `header:"Idempotency-Key" minLength:"1" maxLength:"255" doc:"Makes the request repeatable for 24 hours: a second one with the same key and body gets the first one's answer."`
	Body           struct {
		Operations []json.RawMessage `json:"operations" minItems:"1" maxItems:"100" nullable:"false" doc:"Carried out in this order."`
	}
}

type transactionOutput struct {
	Body struct {
		Results []any `json:"results" nullable:"false" doc:"One for each operation, in order."`
	}
}

// transactionRoutes registers the commit of several capabilities' changes.
func (s *Server) transactionRoutes() {
	lines := make([]string, 0, len(s.house.Transactions.Operations))
	for _, k := range s.house.Transactions.Operations {
		lines = append(lines, fmt.Sprintf("- `{\"op\":%q,%s}` needs `%s`", k.Name, k.Members, k.Scope))
	}
	huma.Register(s.api, huma.Operation{
		OperationID: "commit-transaction", Method: http.MethodPost, Path: "/v1/transactions", Tags: []string{"together"},
		Summary:     "Change several things in one durable commit",
		Description: "All of the operations happen, or none; a problem names the operation that failed.\n\n" + strings.Join(lines, "\n"),
		Security:    api.AnyPrincipal(),
		Errors:      []int{http.StatusConflict, http.StatusUnprocessableEntity},
	}, s.transact)
}

func (s *Server) transact(ctx context.Context, in *transactionInput) (*transactionOutput, error) {
	principal, _ := engine.PrincipalFrom(ctx)
	body, err := json.Marshal(in.Body)
	if err != nil {
		return nil, err
	}
	once := engine.Once{Principal: principal, Route: "POST /v1/transactions", Key: in.IdempotencyKey, Body: body}
	if answer, ok, err := s.house.Transactions.Answers.Kept(ctx, once); err != nil || ok {
		return replay(answer), err
	}
	operations, err := s.prepare(ctx, in.Body.Operations)
	if err != nil {
		return nil, err
	}
	return s.commit(ctx, once, operations)
}

// replay gives an answer once more.
func replay(answer []byte) *transactionOutput {
	out := &transactionOutput{}
	_ = json.Unmarshal(answer, &out.Body) // it was marshalled here
	return out
}

// prepare checks every operation before anything happens.
func (s *Server) prepare(ctx context.Context, raw []json.RawMessage) ([]Operation, error) {
	operations := make([]Operation, len(raw))
	for i, r := range raw {
		kind, err := s.kindOf(ctx, r)
		if err == nil {
			principal, _ := engine.PrincipalFrom(ctx)
			operations[i], err = kind.Prepare(ctx, principal.Tenant, r, place(i))
		}
		if err != nil {
			return nil, within(i, err)
		}
	}
	return operations, nil
}

// kindOf tells what an operation is, where the caller may carry it out.
func (s *Server) kindOf(ctx context.Context, raw json.RawMessage) (OperationKind, error) {
	var head struct {
		Op string `json:"op"`
	}
	_ = json.Unmarshal(raw, &head) // what is no object has no op
	var names []string
	for _, k := range s.house.Transactions.Operations {
		if k.Name == head.Op {
			principal, _ := engine.PrincipalFrom(ctx)
			if !principal.Has(k.Scope) {
				return k, engine.Errorf(engine.Forbidden, "scope_missing", "%s needs the scope %s; use a credential that has it", k.Name, k.Scope)
			}
			return k, nil
		}
		names = append(names, k.Name)
	}
	return OperationKind{}, engine.Errorf(engine.Invalid, "validation_failed", "op is one of %s", strings.Join(names, ", "))
}

// commit writes all of them in one update and returns when they can be seen.
func (s *Server) commit(ctx context.Context, once engine.Once, operations []Operation) (out *transactionOutput, err error) {
	out = &transactionOutput{}
	for _, o := range operations {
		out.Body.Results = append(out.Body.Results, o.Result)
	}
	results, err := json.Marshal(out.Body)
	if err != nil {
		return nil, err
	}
	options := []engine.UpdateOption{engine.Weight(len(once.Body) + bytesBeside*len(operations))}
	if len(operations) > smallCount {
		options = append(options, engine.Bulk)
	}
	answer, replayed, err := s.house.Transactions.Answers.Run(ctx, once.Principal.Tenant, once, func(tx *engine.Tx) ([]byte, error) {
		return results, applyAll(tx, operations)
	}, options...)
	switch {
	case errors.Is(err, engine.ErrTooManyKeys):
		return nil, engine.Errorf(engine.TooLarge, "transaction_too_large", "these operations change more than one commit may; send fewer")
	case err != nil:
		return nil, err
	case replayed:
		return replay(answer), nil
	}
	return out, allDone(ctx, operations)
}

func applyAll(tx *engine.Tx, operations []Operation) error {
	for i, o := range operations {
		if err := o.Apply(tx); err != nil {
			return within(i, err)
		}
	}
	return nil
}

// allDone tells every operation that it is on disk, whichever of them fails.
func allDone(ctx context.Context, operations []Operation) (err error) {
	for _, o := range operations {
		err = errors.Join(err, o.Done(ctx))
	}
	return err
}

func place(i int) string { return fmt.Sprintf("body.operations[%d]", i) }

// within says which operation an error belongs to, where it does not say so
// itself.
func within(i int, err error) error {
	e, ok := errors.AsType[*engine.Error](err)
	if !ok {
		return fmt.Errorf("%s: %w", place(i), err)
	}
	at := *e
	if !strings.HasPrefix(e.Detail, place(i)) {
		at.Detail = place(i) + ": " + e.Detail
	}
	at.Fields = nil
	for _, f := range e.Fields {
		if !strings.HasPrefix(f.Location, place(i)) {
			f.Location = place(i) + strings.TrimPrefix(f.Location, "body")
		}
		at.Fields = append(at.Fields, f)
	}
	if at.Fields == nil {
		at.Fields = []engine.FieldError{{Location: place(i), Message: e.Detail}}
	}
	return &at
}
