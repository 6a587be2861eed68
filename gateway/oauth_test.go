package gateway_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"quintet/gateway"
)

// FuzzTokenRequest: whatever is sent to a token endpoint is read as exactly
// one client and grant, or refused in the form of RFC 6749 §5.2, whose
// description holds only the characters that it may.
func FuzzTokenRequest(f *testing.F) {
	good := "grant_type=client_credentials&client_id=c&client_secret=s"
	f.Add("", "", good)
	f.Add("Basic "+base64.StdEncoding.EncodeToString([]byte("c:s")), "", "grant_type=client_credentials")
	f.Add("", "a=b", good)
	f.Add("", "", good+"&\"\\\x00=1&\"\\\x00=2")
	f.Add("Basic Og==", "", good)
	f.Fuzz(func(t *testing.T, authorization, query, body string) {
		header := http.Header{}
		if authorization != "" {
			header.Set("Authorization", authorization)
		}
		r, refusal := gateway.ParseTokenRequest(header, query, []byte(body))
		if refusal != nil {
			checkRefusal(t, refusal)
			return
		}
		form, err := url.ParseQuery(body)
		if err != nil || query != "" || r.ID == "" || r.Secret == "" || r.Grant == "" {
			t.Fatalf("accepted as %+v: %q, %v", r, body, err)
		}
		for name, values := range form {
			if len(values) != 1 {
				t.Fatalf("accepted with %q twice", name)
			}
		}
		if authorization == "" && (form.Get("client_id") != r.ID || form.Get("client_secret") != r.Secret) {
			t.Fatalf("read as client %q: %q", r.ID, body)
		}
		if authorization != "" && form.Has("client_secret") {
			t.Fatal("accepted with two ways of authentication")
		}
	})
}

func checkRefusal(t *testing.T, refusal error) {
	t.Helper()
	data, err := json.Marshal(refusal)
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]string
	if err := json.Unmarshal(data, &members); err != nil || len(members) != 2 {
		t.Fatalf("a refusal is %s", data)
	}
	if code := members["error"]; code != "invalid_request" && code != "invalid_client" {
		t.Fatalf("a refusal has the code %q", code)
	}
	for _, c := range members["error_description"] {
		if c < ' ' || c > '~' || strings.ContainsRune(`"\`, c) {
			t.Fatalf("a description holds %q: %s", c, data)
		}
	}
}
