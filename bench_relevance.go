package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"

	"quintet/engine/config"
)

// relevanceSettings are the flags of bench relevance.
type relevanceSettings struct {
	JSON       bool     `name:"json" doc:"Print one JSON object instead of a table."`
	Sets       string   `name:"sets" doc:"A folder with one or more of cranfield, cisi and medline, each in a folder of that name. QUINTET_IR names it, too."`
	BEIR       []string `name:"beir" doc:"Folders with corpus.jsonl, queries.jsonl and qrels.tsv or qrels/test.tsv, in the form of BEIR."`
	Server     string   `name:"server" doc:"The URL of a running server. The queries of --beir are sent to a collection there, and its ids are those of the judgements; corpus.jsonl is not needed."`
	KeyFile    string   `name:"key-file" doc:"With --server: a file that holds an API key with the scope search:read."`
	Collection string   `name:"collection" doc:"With --server: the collection to judge."`
	Depth      int      `name:"depth" default:"1000" doc:"How many hits of each query are judged. MAP depends on it."`
	Folder     string   `name:"folder" doc:"Without --server: where the temporary data folder is made. The system's folder for temporary files if empty."`
}

func (s *relevanceSettings) Validate() (problems []config.Problem) {
	problem := func(field, what string) {
		problems = append(problems, config.Problem{Field: field, Problem: what})
	}
	if s.Depth < 100 || s.Depth > 10_000 {
		problem("depth", "is not between 100 and 10,000")
	}
	if s.Server == "" && (s.KeyFile != "" || s.Collection != "") {
		problem("server", "is missing, and --key-file and --collection belong to it")
	}
	if s.Server != "" && (s.KeyFile == "" || s.Collection == "") {
		problem("server", "needs --key-file and --collection")
	}
	if s.Server != "" && (len(s.BEIR) != 1 || s.Sets != "") {
		problem("server", "takes its queries and judgements from one --beir, and from no --sets")
	}
	return problems
}

// read reads what is to be judged.
func (s *relevanceSettings) read(environ []string) (sets []*judgedSet, err error) {
	folder := s.Sets
	for _, pair := range environ {
		if value, is := strings.CutPrefix(pair, "QUINTET_IR="); is && folder == "" && len(s.BEIR) == 0 {
			folder = value
		}
	}
	if folder != "" {
		if sets, err = readClassics(folder); err != nil {
			return nil, err
		}
	}
	for _, folder := range s.BEIR {
		set, err := readBEIR(folder, s.Server == "")
		if err != nil {
			return nil, err
		}
		sets = append(sets, set)
	}
	if sets == nil {
		return nil, fmt.Errorf("--sets or --beir names what is to be judged: %w", errUsage)
	}
	return sets, nil
}

// relevance judges how well search answers queries whose answers are known, in
// each mode, over HTTP.
func relevance(ctx context.Context, c Terminal, args []string) error {
	var settings relevanceSettings
	_, err := config.Load(&settings, config.Input{Args: args})
	if errors.Is(err, config.ErrHelp) {
		return benchUsage(c.Stderr)
	}
	if err != nil {
		return err
	}
	sets, err := settings.read(c.Environ)
	if err != nil {
		return err
	}
	j := &judging{settings: settings, terminal: c, report: &relevanceReport{Depth: settings.Depth}}
	if settings.Server != "" {
		err = j.running(ctx, sets[0])
	} else {
		err = j.own(ctx, sets)
	}
	if err != nil {
		return err
	}
	j.report.summarise(sets)
	if settings.JSON {
		return j.report.writeJSON(c.Stdout)
	}
	return j.report.writeTable(c.Stdout)
}

// judging is one run of the command.
type judging struct {
	settings relevanceSettings
	terminal Terminal
	report   *relevanceReport
}

// running judges a collection of a server that someone else runs.
func (j *judging) running(ctx context.Context, set *judgedSet) error {
	key, err := os.ReadFile(j.settings.KeyFile)
	if err != nil {
		return err
	}
	s := newSearcher(j.settings.Server, strings.TrimSpace(string(key)), j.settings.Collection, j.settings.Depth)
	return j.judge(ctx, set, s, func(id string) string { return id })
}

// own imports each set into a collection of a server of its own, with the
// documents' places as ids: theirs may be what no id of ours can be.
func (j *judging) own(ctx context.Context, sets []*judgedSet) (err error) {
	dir, err := os.MkdirTemp(j.settings.Folder, "quintet-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	server, err := newBenchServer(ctx, j.terminal.Environ, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.remove()) }()
	for i, set := range sets {
		collection := "set-" + strconv.Itoa(i+1)
		fmt.Fprintf(j.terminal.Stderr, "%s: importing %d documents\n", set.name, len(set.documents))
		if err := server.importSet(ctx, collection, set); err != nil {
			return fmt.Errorf("%s: %w", set.name, err)
		}
		s := newSearcher("http://"+server.addr, server.key, collection, j.settings.Depth)
		err := j.judge(ctx, set, s, func(id string) string {
			if place, err := strconv.Atoi(id); err == nil && place < len(set.documents) {
				return set.documents[place].id
			}
			return id
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// importSet makes a collection of titles and texts, both of which are embedded.
func (s *benchServer) importSet(ctx context.Context, collection string, set *judgedSet) error {
	w, err := dialWire(ctx, s.addr, s.key)
	if err != nil {
		return err
	}
	defer w.Close()
	path := "/v1/collections/" + collection
	if _, err := w.want("PUT", path, `{"fields":[{"name":"title","type":"text"},{"name":"text","type":"text"}]}`); err != nil {
		return err
	}
	const batch = 100
	var bodies [][]byte
	for i, d := range set.documents {
		line, err := json.Marshal(map[string]string{"id": strconv.Itoa(i), "title": d.title, "text": d.text})
		if err != nil {
			return err
		}
		if i%batch == 0 {
			bodies = append(bodies, nil)
		}
		bodies[len(bodies)-1] = append(append(bodies[len(bodies)-1], line...), '\n')
	}
	_, err = s.importAll(ctx, path+"/documents", bodies)
	return err
}

// judge sends each query of a set in each mode, and then by each fusion.
func (j *judging) judge(ctx context.Context, set *judgedSet, s *searcher, idOf func(string) string) error {
	r := &setReport{Name: set.name, Documents: len(set.documents), Queries: len(set.queries)}
	j.report.Sets = append(j.report.Sets, r)
	for _, mode := range relevanceModes {
		fmt.Fprintf(j.terminal.Stderr, "%s: %d queries, %s\n", set.name, len(set.queries), mode)
		m, err := s.judge(ctx, set, mode, idOf)
		if err != nil {
			return fmt.Errorf("%s: %w", set.name, err)
		}
		r.Modes = append(r.Modes, m)
	}
	r.compare()
	if r.Hybrid == nil {
		return nil
	}
	fmt.Fprintf(j.terminal.Stderr, "%s: %d queries, %d fusions\n", set.name, len(set.queries), len(fusions()))
	var err error
	if r.Fusions, err = s.judgeFusions(ctx, set, idOf); err != nil {
		err = fmt.Errorf("%s: %w", set.name, err)
	}
	return err
}

// judge sends each query in one mode. One that the collection does not have,
// because nothing in it is embedded, is told as such at its first query.
func (s *searcher) judge(ctx context.Context, set *judgedSet, mode string, idOf func(string) string) (*modeReport, error) {
	m := &modeReport{Mode: mode}
	var all []quality
	for i, q := range set.queries {
		ids, err := s.search(ctx, q.text, mode)
		var refused *refusal
		if i == 0 && mode != "keyword" && errors.As(err, &refused) && refused.status == http.StatusUnprocessableEntity {
			m.NotMeasured = "the server says: " + text([]byte(refused.answer), "detail")
			return m, nil
		}
		if err != nil {
			return nil, fmt.Errorf("query %s: %w", q.id, err)
		}
		for i, id := range ids {
			ids[i] = idOf(id)
		}
		one := q.grades.judge(ids)
		all, m.each = append(all, one), append(m.each, one.NDCG10)
	}
	mean := meanQuality(all)
	m.Quality = &mean
	return m, nil
}
