package web_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"quintet/engine"
	"quintet/web"
)

// tape is a backup that writes its text and then fails with its error.
type tape struct {
	text string
	err  error
}

func (b *tape) Backup(_ context.Context, w io.Writer, progress engine.Progress) error {
	progress("store", 1, 2)
	if b.text == "" {
		return b.err
	}
	_, err := io.WriteString(w, b.text)
	return errors.Join(err, b.err)
}

func TestBackup(t *testing.T) {
	source := &tape{text: "all of it"}
	b := newBed(t, func(_ *web.Options, h *web.House) { h.Backup = source })
	runScenarios(t, b, []scenario{
		{name: "ErrScope", method: "POST", path: "/v1/backups", token: "writer", status: 403, code: "scope_missing", has: []string{"platform:admin"}},
		{name: "OK", method: "POST", path: "/v1/backups", token: "root", status: 200, has: []string{"all of it", "Content-Type: application/x-tar", "attachment; filename=\"quintet-"}},
	})
	*source = tape{err: engine.ErrFull}
	runScenarios(t, b, []scenario{
		{name: "ErrBefore", method: "POST", path: "/v1/backups", token: "root", status: 507, code: "store_full", lacks: []string{"attachment"}},
	})
	*source = tape{text: strings.Repeat("half of it", 1000), err: errors.New("hunter2")}
	t.Run("ErrOnTheWay", func(t *testing.T) {
		if text, err := wholeAnswer(t, b, "/v1/backups", "root"); err == nil {
			t.Errorf("%d bytes look like a whole backup", len(text))
		}
	})
}

// wholeAnswer posts to path and returns the body, or why it is not whole.
func wholeAnswer(t *testing.T, b *bed, path, token string) (string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.url(path), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	response, err := b.client.Do(r)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}
