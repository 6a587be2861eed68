package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"quintet/engine/enginetest"
)

// A collection whose documents hold nothing to embed.
const ledgerCollection = `{"fields":[{"name":"n","type":"keyword"}]}`

func transaction(id string) string {
	return fmt.Sprintf(`{"operations":[
		{"op":"search.put","collection":"orders","document":{"id":%[1]q,"n":%[1]q}},
		{"op":"scheduler.enqueue","queue":"ship","job":{"payload":{"order":%[1]q}}}]}`, id)
}

func TestTransactionRefused(t *testing.T) {
	r := startServerIn(t, t.TempDir(), "--demo-traffic", "off")
	r.call("PUT", "/v1/collections/orders", ledgerCollection, 201)
	f := func(operation string, status int, contains ...string) {
		t.Helper()
		r.call("POST", "/v1/transactions", `{"operations":[{"op":"scheduler.enqueue","queue":"ship","job":{}},`+operation+`]}`, status, contains...)
	}
	f(`{"op":"search.put","collection":"orders"}`, 422, "body.operations[1].document is missing")
	f(`{"op":"search.put","document":{"n":"x"}}`, 422, "body.operations[1].collection is missing")
	f(`{"op":"search.put","collection":"orders","document":null}`, 422, "body.operations[1]")
	f(`{"op":"search.put","collection":"orders","document":{"n":7}}`, 422, "body.operations[1]", "the member n")
	f(`{"op":"search.put","collection":"none","document":{"id":"x"}}`, 404, "collection_not_found", "body.operations[1]")
	f(`{"op":"search.delete","collection":"orders","id":"atlantis"}`, 404, "document_not_found", "body.operations[1]")
	f(`{"op":"scheduler.enqueue","queue":"ship"}`, 422, "body.operations[1].job is missing")
	f(`{"op":"scheduler.enqueue","queue":"ship","job":{"priority":77}}`, 422, "body.operations[1].job.priority")
	f(`{"op":"scheduler.enqueue","queue":"ship","job":{},"x":1}`, 422, `"location":"body.operations[1]`)
	r.call("GET", "/v1/queues/ship", "", 404, "queue_not_found") // nothing was half done
}

// TestTransactionKill kills the whole program while it commits transactions,
// and wants of each the document and the job, or neither.
func TestTransactionKill(t *testing.T) {
	enginetest.Kill(t,
		func(dir string, ack enginetest.Ack) { transactUntilKilled(t, dir, ack) },
		func(dir string, acked []string) { verifyTransactions(t, dir, acked) })
}

func transactUntilKilled(t *testing.T, dir string, ack enginetest.Ack) {
	r := startServerIn(t, dir, "--demo-traffic", "off")
	r.call("PUT", "/v1/collections/orders", ledgerCollection, 0)
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			for {
				id := fmt.Sprintf("o-%016x", rand.Uint64())
				var answer struct{ Results []struct{ ID string } }
				if err := json.Unmarshal(r.call("POST", "/v1/transactions", transaction(id), 200), &answer); err != nil || len(answer.Results) != 2 {
					panic(fmt.Sprint(answer, err))
				}
				ack("%s %s", id, answer.Results[1].ID)
			}
		})
	}
	callers.Wait()
}

func verifyTransactions(t *testing.T, dir string, acked []string) {
	t.Run("after", func(t *testing.T) { // the server ends with it
		r := startServerIn(t, dir, "--demo-traffic", "off")
		r.call("PUT", "/v1/collections/orders", ledgerCollection, 0) // the kill may have come before the first
		for i := 0; i < len(acked); i += 1 + len(acked)/200 {
			order, job, _ := strings.Cut(acked[i], " ")
			r.call("GET", "/v1/collections/orders/documents/"+order, "", 200, order)
			r.call("GET", "/v1/jobs/"+job, "", 200, order)
		}
		var collection struct{ Documents int }
		if err := json.Unmarshal(r.call("GET", "/v1/collections/orders", "", 200), &collection); err != nil {
			t.Fatal(err)
		}
		var queue struct{ Jobs map[string]int }
		if collection.Documents > 0 {
			if err := json.Unmarshal(r.call("GET", "/v1/queues/ship", "", 200), &queue); err != nil {
				t.Fatal(err)
			}
		}
		if jobs := queue.Jobs["ready"]; collection.Documents != jobs || jobs < len(acked) {
			t.Errorf("%d documents and %d jobs; %d transactions were acknowledged", collection.Documents, jobs, len(acked))
		}
	})
}
