package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// searcher asks one collection of a server, which may be anywhere.
type searcher struct {
	client     *http.Client
	collection string
	url        string // of its search
	several    string // where several searches are sent at once
	key        string
	depth      int
}

func newSearcher(server, key, collection string, depth int) *searcher {
	server = strings.TrimSuffix(server, "/")
	return &searcher{
		client:     &http.Client{Timeout: wireTimeout},
		collection: collection,
		url:        server + "/v1/collections/" + url.PathEscape(collection) + "/search",
		several:    server + "/v1/search",
		key:        key, depth: depth,
	}
}

// Limits of a search: bytes of its text, and hits of a page.
const (
	longestQuery = 4096
	longestPage  = 1000
)

var errDegraded = errors.New("the server cannot use the vectors of the collection: hybrid search is answered by keywords alone")

// searchPage is what a search answers.
type searchPage struct {
	Hits     []struct{ ID string }
	Next     *string
	Degraded bool
}

func (p *searchPage) ids() (ids []string, err error) {
	if p.Degraded {
		return nil, errDegraded
	}
	for _, hit := range p.Hits {
		ids = append(ids, hit.ID)
	}
	return ids, nil
}

// cutQuery cuts a query where it is longer than the server takes.
func cutQuery(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), longestQuery)], "")
}

// search returns the ids that a query finds in a mode, the best first.
func (s *searcher) search(ctx context.Context, text, mode string) (ids []string, err error) {
	request := struct {
		Q      string  `json:"q"`
		Mode   string  `json:"mode"`
		Limit  int     `json:"limit"`
		Cursor *string `json:"cursor,omitempty"`
	}{Q: cutQuery(text), Mode: mode}
	for {
		request.Limit = min(s.depth-len(ids), longestPage)
		body, err := json.Marshal(request)
		if err != nil {
			return nil, err
		}
		answer, err := s.post(ctx, s.url, body)
		if err != nil {
			return nil, err
		}
		var page searchPage
		if err := json.Unmarshal(answer, &page); err != nil {
			return nil, err
		}
		some, err := page.ids()
		if err != nil {
			return nil, err
		}
		ids = append(ids, some...)
		if request.Cursor = page.Next; page.Next == nil || len(ids) >= s.depth {
			return ids, nil
		}
	}
}

// patienceTries is how often a server that is busy is asked again.
const patienceTries = 20

func (s *searcher) post(ctx context.Context, url string, body []byte) (answer []byte, err error) {
	for try := 1; ; try++ {
		status, answer, wait, err := s.once(ctx, url, body)
		if err == nil && wait > 0 && try < patienceTries {
			if err := pause(ctx, wait); err != nil {
				return nil, err
			}
			continue
		}
		return wanted("POST", url)(status, answer, err)
	}
}

// once also returns how long a server that is busy wants to be left alone.
func (s *searcher) once(ctx context.Context, url string, body []byte) (status int, answer []byte, wait time.Duration, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, nil, 0, err
	}
	r.Header.Set("Authorization", "Bearer "+s.key)
	r.Header.Set("Content-Type", "application/json")
	got, err := s.client.Do(r)
	if err != nil {
		return 0, nil, 0, err
	}
	defer got.Body.Close()
	if got.StatusCode == http.StatusTooManyRequests || got.StatusCode == http.StatusServiceUnavailable {
		seconds, _ := strconv.Atoi(got.Header.Get("Retry-After"))
		wait = time.Duration(min(max(seconds, 0), 60)) * time.Second
	}
	answer, err = io.ReadAll(got.Body)
	return got.StatusCode, answer, wait, err
}
