package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"quintet/engine"
	"quintet/gateway"
)

// login asks the running server for a link to the console, by a key file of
// the data folder: the server has the folder open, so nobody else can make one.
func login(ctx context.Context, c Terminal, cfg *Config, args []string) error {
	tenant, key, err := loginKey(cfg, args)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, cfg.localURL()+"/v1/console/links", nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+key)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("no server answers at %s; start it first, with: quintet --data %s", cfg.localURL(), cfg.Data)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusCreated {
		return fmt.Errorf("the server answered %s: %s", answer.Status, body)
	}
	var link struct {
		URL string `json:"url"`
	}
	if err := json.Unmarshal(body, &link); err != nil {
		return err
	}
	fmt.Fprintf(c.Stderr, "Opens the console of tenant %s once, within 10 minutes:\n", tenant)
	_, err = fmt.Fprintln(c.Stdout, link.URL)
	return err
}

// loginKey reads the key of the tenant that is asked for; without one the
// demo's where it is there, else the platform's.
func loginKey(cfg *Config, args []string) (tenant, key string, err error) {
	files := map[string]string{gateway.DemoTenant: "demo.key", engine.PlatformName: "admin.key"}
	switch {
	case len(args) > 0:
		tenant = args[0]
	default:
		tenant = gateway.DemoTenant
		if _, err := os.Stat(filepath.Join(cfg.Data, files[tenant])); err != nil {
			tenant = engine.PlatformName
		}
	}
	file, ok := files[tenant]
	if !ok {
		return "", "", fmt.Errorf("the data folder holds no key of tenant %s: sign in at %s/console with one of its API keys; an administrator of the platform opens no tenant: %w", tenant, cfg.localURL(), errUsage)
	}
	data, err := os.ReadFile(filepath.Join(cfg.Data, file))
	if err != nil {
		return "", "", fmt.Errorf("a link is asked for by the key of the data folder: %w", err)
	}
	return tenant, strings.TrimSpace(string(data)), nil
}
