package engine_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"quintet/engine"
)

// possessions of one tenant: a value, an event and a blob, each of which
// contains the tenant's needle.
type possessions struct {
	tenant engine.Tenant
	needle string
	blob   engine.BlobName
}

var possessed = engine.ID{7}

func endow(t *testing.T, e *engine.Engine, who engine.Tenant) possessions {
	t.Helper()
	p := possessions{tenant: who, needle: "needle-of-" + who.Name() + "-in-a-haystack"}
	var err error
	if p.blob, err = e.Blobs.Put(background, who, strings.NewReader(strings.Repeat(p.needle, 50_000))); err != nil {
		t.Fatal(err)
	}
	update(t, e, who, func(tx *engine.Tx) {
		hashed := who.Hash("doc", p.needle+"-id")
		tx.Put(things, hashed[:], []byte("value "+p.needle))
		tx.Put(marks, []byte("readable"), []byte(p.needle))
		if err := e.Blobs.Reference(tx, p.blob); err != nil {
			t.Error(err)
		}
	})
	if _, err := e.Events.Append(background, who, engine.EventBatch{Stream: possessed, Count: 1, Data: []byte(p.needle)}); err != nil {
		t.Fatal(err)
	}
	return p
}

// demandPossessions wants to read them all, in an engine opened later.
func demandPossessions(t *testing.T, e *engine.Engine, p possessions) {
	t.Helper()
	who, err := e.Tenants.Lookup(p.tenant.Name())
	if err != nil {
		t.Error(err)
		return
	}
	if got := dump(t, e, who, marks); got != "readable="+p.needle {
		t.Errorf("%s has %q", who.Name(), got)
	}
	if got := readBlob(t, e, who, p.blob); !strings.HasPrefix(string(got), p.needle) {
		t.Errorf("%s has another blob", who.Name())
	}
	if got := eventsOf(t, e, who); got != p.needle {
		t.Errorf("%s has the events %q", who.Name(), got)
	}
}

func eventsOf(t *testing.T, e *engine.Engine, who engine.Tenant) string {
	t.Helper()
	var found []string
	_, err := e.Events.Read(background, e.Events.First(), func(r engine.EventRecord) error {
		if r.Tenant == who {
			found = append(found, string(r.Data))
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	return strings.Join(found, " ")
}

func TestSealHidesEverything(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	master := []byte("master-key-of-the-operator-0123456")
	o := storeOptions(dir)
	o.MasterKey = master
	e := open(t, o)
	p := endow(t, e, tenant(t, e, "acme"))
	once := engine.Once{
		Principal: engine.Principal{Tenant: p.tenant, Subject: "needle-subject-of-the-caller"},
		Route:     "POST /v1/things", Key: "needle-idempotency-key", Body: []byte("needle-of-the-body"),
	}
	if _, _, err := e.Answers.Run(background, p.tenant, once, func(*engine.Tx) ([]byte, error) {
		return []byte("needle-of-the-answer"), nil
	}); err != nil {
		t.Fatal(err)
	}
	needles := []string{p.needle, string(master), "needle-subject-of-the-caller", "needle-idempotency-key", "needle-of-the-body", "needle-of-the-answer"}
	demandHidden(t, dir, needles)
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	demandHidden(t, dir, needles)
	if grep(t, dir, "test.things") == "" {
		t.Error("the search finds not even the name of a bucket, which is readable by design")
	}
}

func demandHidden(t *testing.T, dir string, needles []string) {
	t.Helper()
	for _, needle := range needles {
		for _, form := range forms(needle) {
			if file := grep(t, dir, form); file != "" {
				t.Errorf("%s contains %q", file, form)
			}
		}
	}
}

// forms are what a careless encoding would make of a needle, at any place
// inside what is encoded.
func forms(needle string) []string {
	found := []string{needle, hex.EncodeToString([]byte(needle)), strings.ToUpper(hex.EncodeToString([]byte(needle)))}
	for shift := range 3 {
		inside := needle[shift : shift+(len(needle)-shift)/3*3]
		found = append(found, base64.StdEncoding.EncodeToString([]byte(inside)), base64.URLEncoding.EncodeToString([]byte(inside)))
	}
	return found
}

// grep returns a file below dir that contains the bytes of form, or "".
func grep(t *testing.T, dir, form string) (found string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(form)) || strings.Contains(d.Name(), form) {
			found = path
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
