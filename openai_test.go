package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// openAIClients are the clients that OpenAI publishes, as they are, each with
// a script of testdata/openai and a line that succeeds where it is installed.
// With QUINTET_OPENAI=required the absence of the first is a failure.
var openAIClients = []struct{ name, command, flag, installed, script, install string }{
	{"Python", "python3", "-c", "import openai", "embeddings.py", "pip install openai"},
	{"Node", "node", "-e", "require('openai')", "embeddings.cjs", "npm install openai, and NODE_PATH set to its node_modules"},
}

// TestOpenAIClients embeds with them in both encodings of a vector, and holds
// that a refusal is the error that they raise for it at OpenAI.
func TestOpenAIClients(t *testing.T) {
	folder, err := filepath.Abs("testdata/openai")
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range openAIClients {
		t.Run(c.name, func(t *testing.T) {
			if err := exec.Command(c.command, c.flag, c.installed).Run(); err != nil {
				if i == 0 && os.Getenv("QUINTET_OPENAI") == "required" {
					t.Fatalf("OpenAI's client for %s is not installed: %v", c.name, err)
				}
				t.Skipf("OpenAI's client for %s is not installed (%v): %s", c.name, err, c.install)
			}
			t.Chdir(t.TempDir())
			r := startServer(t, "--demo-traffic", "off")
			r.testOpenAI(c.command, filepath.Join(folder, c.script))
		})
	}
}

// vectors are what a client made of an answer: each is []float32, or a string
// where the client was asked for base64 by name.
type vectors[V any] struct {
	Vectors []V
	Model   string
	Tokens  int
}

func (r *running) testOpenAI(command, script string) {
	r.t.Helper()
	texts, err := json.Marshal([]string{"How do I reset my password?", "Ångström 中", strings.Repeat("more than it reads ", 100)})
	if err != nil {
		r.t.Fatal(err)
	}
	var answer struct {
		Data  []struct{ Embedding []float32 }
		Usage struct {
			Total int `json:"total_tokens"`
		}
	}
	if err := json.Unmarshal(r.call("POST", "/v1/embeddings", `{"model":"minilm","input":`+string(texts)+`}`, 200), &answer); err != nil {
		r.t.Fatal(err)
	}
	want := vectors[[]float32]{Model: "minilm", Tokens: answer.Usage.Total}
	for _, d := range answer.Data {
		want.Vectors = append(want.Vectors, d.Embedding)
	}

	var got struct {
		Client         string
		Default, Float vectors[[]float32]
		Base64         vectors[string]
		One            vectors[[]float32]
		Refusals       map[string]string
	}
	printed := r.runScript(command, script, texts)
	if err := json.Unmarshal(printed, &got); err != nil {
		r.t.Fatalf("%v:\n%s", err, printed)
	}
	r.t.Logf("%s's client %s", command, got.Client)
	for encoding, v := range map[string]vectors[[]float32]{"default": got.Default, "float": got.Float, "base64": decodeVectors(r.t, got.Base64)} {
		if !reflect.DeepEqual(v, want) {
			r.t.Errorf("%s: model %s, %d tokens, %d vectors, or others than curl has", encoding, v.Model, v.Tokens, len(v.Vectors))
		}
	}
	if !reflect.DeepEqual(got.One.Vectors, want.Vectors[:1]) {
		r.t.Errorf("a text that is no array has %d vectors, or another", len(got.One.Vectors))
	}
	if want := map[string]string{
		"model": "NotFoundError 404", "key": "AuthenticationError 401", "no key": "AuthenticationError 401",
		"no texts": "UnprocessableEntityError 422", "tokens": "UnprocessableEntityError 422",
	}; !maps.Equal(got.Refusals, want) {
		r.t.Errorf("refused as %v,\nnot %v", got.Refusals, want)
	}
}

// runScript runs a script with the settings that OpenAI's clients read.
func (r *running) runScript(command, script string, input []byte) []byte {
	r.t.Helper()
	var stderr bytes.Buffer
	c := exec.CommandContext(r.t.Context(), command, script)
	c.Env = append(os.Environ(), "OPENAI_BASE_URL="+r.url+"/v1", "OPENAI_API_KEY="+r.key, "NO_PROXY=127.0.0.1")
	c.Stdin, c.Stderr = bytes.NewReader(input), &stderr
	printed, err := c.Output()
	if err != nil {
		r.t.Fatalf("%v:\n%s", err, &stderr)
	}
	return printed
}

// decodeVectors reads float32, little-endian, in base64.
func decodeVectors(t *testing.T, v vectors[string]) vectors[[]float32] {
	t.Helper()
	decoded := vectors[[]float32]{Model: v.Model, Tokens: v.Tokens}
	for _, s := range v.Vectors {
		data, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		numbers := make([]float32, len(data)/4)
		if _, err := binary.Decode(data, binary.LittleEndian, numbers); err != nil {
			t.Fatal(err)
		}
		decoded.Vectors = append(decoded.Vectors, numbers)
	}
	return decoded
}
