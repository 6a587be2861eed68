package gateway

import (
	"bytes"
	"encoding/json"

	"quintet/engine"
)

// Buckets; FORMAT.md tells what stands in each.
const (
	bucketTenants engine.Bucket = "gateway.tenants"   // of the platform
	bucketMeta    engine.Bucket = "gateway.meta"      // of the platform
	bucketKeys    engine.Bucket = "gateway.apikeys"   // of each tenant, as all below
	bucketHashes  engine.Bucket = "gateway.keyhashes" //
	bucketClients engine.Bucket = "gateway.clients"   //
	bucketSigning engine.Bucket = "gateway.signing"   //
	bucketAudit   engine.Bucket = "gateway.audit"     //

	bucketLinks    engine.Bucket = "gateway.links"    // of each tenant
	bucketSessions engine.Bucket = "gateway.sessions" //
)

// put stores a record as JSON.
func put(tx *engine.Tx, b engine.Bucket, key []byte, record any) {
	data, err := json.Marshal(record)
	if err != nil {
		panic(err) // our own record types marshal
	}
	tx.Put(b, key, data)
}

// get reads a record; ok is false where there is none.
func get[T any](r engine.Reader, b engine.Bucket, key []byte) (record T, ok bool, err error) {
	data := r.Get(b, key)
	if data == nil {
		return record, false, nil
	}
	record, err = decode[T](b, data)
	return record, err == nil, err
}

func decode[T any](b engine.Bucket, data []byte) (record T, err error) {
	if err := json.Unmarshal(data, &record); err != nil {
		return record, &engine.CorruptError{File: "store.db", Offset: -1, Key: string(b), Reason: "a record cannot be read"}
	}
	return record, nil
}

// stored is a record with the key that it stands under.
type stored[T any] struct {
	key    []byte
	record T
}

// every keeps all records.
func every[T any](T) bool { return true }

// page reads up to n records that stand behind the key after and that keep
// wants.
func page[T any](r engine.Reader, b engine.Bucket, after []byte, n int, keep func(T) bool) (found []stored[T], err error) {
	from := after
	if after != nil {
		from = append(bytes.Clone(after), 0)
	}
	for key, data := range r.Scan(b, from, nil) {
		record, err := decode[T](b, data)
		if err != nil {
			return nil, err
		}
		if !keep(record) {
			continue
		}
		if found = append(found, stored[T]{key, record}); len(found) == n {
			break
		}
	}
	return found, nil
}
