package gateway

import (
	"context"
	"time"

	"quintet/engine"
)

// AuditRecord tells one administrative act: who did what to what. It is
// written in the commit of the act and never changed.
type AuditRecord struct {
	ID      engine.ID         `json:"id"` // rises with time
	Time    time.Time         `json:"time"`
	Actor   string            `json:"actor"`  // tenant and subject, as in "acme/apikey:<id>"
	Action  string            `json:"action"` // noun and verb, as in "apikey.created"
	Target  string            `json:"target"` // the id of what was acted on
	Details map[string]string `json:"details,omitempty"`
}

// operator is the actor of whoever runs a command on the data folder.
const operator = engine.PlatformName + "/operator"

// actorOf names a principal in audit records.
func actorOf(p engine.Principal) string { return p.Tenant.Name() + "/" + p.Subject }

// record prepares the audit record of an act.
func (g *Gateway) record(actor, action, target string, details map[string]string) AuditRecord {
	return AuditRecord{ID: g.e.IDs.New(), Time: g.e.Clock.Now().UTC(), Actor: actor, Action: action, Target: target, Details: details}
}

func (r AuditRecord) put(tx *engine.Tx) { put(tx, bucketAudit, r.ID[:], r) }

// tell reports an act that is on disk to metrics and bus.
func (g *Gateway) tell(t engine.Tenant, r AuditRecord) {
	g.metrics.audited.WithLabelValues(r.Action).Inc()
	g.e.Bus.Publish(engine.Event{Tenant: t, Time: r.Time, Capability: "gateway", Type: r.Action, Subject: r.Target, Count: 1})
}

// Audit returns up to limit audit records of a tenant that are newer than
// after, oldest first. Acts on tenants themselves stand in _platform.
func (g *Gateway) Audit(ctx context.Context, t engine.Tenant, after engine.ID, limit int) (records []AuditRecord, err error) {
	err = g.e.Store.View(ctx, t, func(v *engine.View) error {
		found, err := page(v, bucketAudit, after[:], limit, every[AuditRecord])
		records = make([]AuditRecord, len(found))
		for i, f := range found {
			records[i] = f.record
		}
		return err
	})
	return records, err
}
