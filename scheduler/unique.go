package scheduler

import (
	"encoding/binary"
	"fmt"

	"quintet/engine"
)

// A unique key is one entry that names the newest job that has it. What refuses
// another job is that job's own state, so nothing has to be kept in step with
// it. Only a job that is removed before its window is over leaves something
// behind: its entry then says in which state it ended, and a window removes the
// entry in time.

// uniqueEntry is the entry of a unique key.
type uniqueEntry struct {
	id    engine.ID
	until int64 // as in unique
	ended State // of a job that has been removed, else 0
}

const (
	formatUnique = 2
	uniqueBytes  = 1 + 16 + 8 + 1
)

// counts reports whether the key's window is not over.
func (u uniqueEntry) counts(now int64) bool { return u.until == 0 || u.until > now }

func (u uniqueEntry) encode() []byte {
	b := append(make([]byte, 0, uniqueBytes), formatUnique)
	b = binary.BigEndian.AppendUint64(append(b, u.id[:]...), uint64(u.until))
	return append(b, byte(u.ended))
}

func decodeUnique(b []byte) (u uniqueEntry, err error) {
	if len(b) != uniqueBytes || b[0] != formatUnique {
		return u, fmt.Errorf("the entry of a unique key of %d bytes cannot be read", len(b))
	}
	copy(u.id[:], b[1:])
	u.until, u.ended = int64(binary.BigEndian.Uint64(b[17:])), State(b[25])
	return u, nil
}

// loadUnique reads the entry of a hash; ok is false where there is none.
func loadUnique(r engine.Reader, hash [16]byte) (u uniqueEntry, ok bool, err error) {
	value := r.Get(bucketUnique, hash[:])
	if value == nil {
		return u, false, nil
	}
	u, err = decodeUnique(value)
	return u, err == nil, err
}

// claimUnique makes q the newest job of its unique key, unless the one before
// refuses it.
func (q *Enqueue) claimUnique(tx *engine.Tx) error {
	hash := q.fixed.unique.hash
	u, ok, err := loadUnique(tx, hash)
	if err != nil {
		return err
	}
	if ok && u.counts(q.fixed.created) && u.id != q.job.id {
		state := u.ended
		if j, err := findJob(tx, u.id, nil); err == nil {
			state = j.state
		} else if err != errJobNotFound {
			return err
		}
		if q.plan.clash.has(state) {
			return errJobExists(u.id, state)
		}
	}
	if ok && u.ended != 0 {
		tx.Delete(bucketWindows, windowKey(u.until, hash))
	}
	tx.Put(bucketUnique, hash[:], uniqueEntry{id: q.job.id, until: q.fixed.unique.until}.encode())
	return nil
}

// codeJobExists is the code of an enqueue that a unique key refuses.
const codeJobExists = "job_exists"

// errJobExists says which job has the unique key.
func errJobExists(id engine.ID, state State) error {
	return &engine.Error{
		Kind: engine.Conflict, Code: codeJobExists,
		Detail: fmt.Sprintf("job %s has this unique_key and is %s; see GET /v1/jobs/%s", id, state, id),
		Fields: []engine.FieldError{{Location: "body.unique_key", Message: "job " + id.String() + " has it"}},
	}
}

// isCode reports whether err is one of ours with a code.
func isCode(err error, code string) bool {
	own, ok := err.(*engine.Error)
	return ok && own.Code == code
}

// reclaimUnique makes a job that shall run again the newest of its unique key,
// unless another one has it, and within its window, that has not ended.
func reclaimUnique(tx *engine.Tx, f *fixed, id engine.ID, now int64) error {
	if !f.unique.given() {
		return nil
	}
	u, ok, err := loadUnique(tx, f.unique.hash)
	if err != nil || ok && u.id == id {
		return err
	}
	if ok {
		if j, err := findJob(tx, u.id, nil); err == nil && !j.state.finished() && u.counts(now) {
			return errJobExists(u.id, j.state)
		}
		if u.ended != 0 {
			tx.Delete(bucketWindows, windowKey(u.until, f.unique.hash))
		}
	}
	tx.Put(bucketUnique, f.unique.hash[:], uniqueEntry{id: id, until: f.unique.until}.encode())
	return nil
}

// releaseUnique ends what a job that is removed has of its unique key, or keeps
// it for the rest of its window. It returns how many keys it changed.
func releaseUnique(tx *engine.Tx, f *fixed, j *job, now int64) (changed int, err error) {
	if !f.unique.given() {
		return 0, nil
	}
	hash := f.unique.hash
	u, ok, err := loadUnique(tx, hash)
	if err != nil || !ok || u.id != j.id {
		return 0, err
	}
	if u.until <= now {
		tx.Delete(bucketUnique, hash[:])
		return 1, nil
	}
	u.ended = j.state
	tx.Put(bucketUnique, hash[:], u.encode())
	tx.Put(bucketWindows, windowKey(u.until, hash), nil)
	return 2, nil
}
