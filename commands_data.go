package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"quintet/engine"
	"quintet/gateway"
)

// backup copies the data folder, or asks the server that has it open for a
// copy, by the admin key of the folder.
func backup(ctx context.Context, c Terminal, cfg *Config, args []string) (err error) {
	write := func(w io.Writer) error { return backupFolder(ctx, c, cfg, w) }
	if args[0] == "-" {
		return write(c.Stdout)
	}
	f, err := os.OpenFile(args[0], os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(write(f), f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(args[0]))
	}
	fmt.Fprintf(c.Stderr, "%s holds everything, and the keys that open it: keep it as safe as the data\n", args[0])
	return nil
}

func backupFolder(ctx context.Context, c Terminal, cfg *Config, w io.Writer) (err error) {
	e, err := cfg.openEngine(ctx, c.Stderr)
	if errors.Is(err, engine.ErrLocked) {
		return backupServer(ctx, cfg, w)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	return e.Backup(ctx, w, progressOn(c.Stderr))
}

func backupServer(ctx context.Context, cfg *Config, w io.Writer) error {
	key, err := os.ReadFile(filepath.Join(cfg.Data, "admin.key"))
	if err != nil {
		return fmt.Errorf("a server is using %s, and asking it needs the admin key: %w", cfg.Data, err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, cfg.localURL()+"/v1/backups", nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(key)))
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("a server is using %s and does not answer at %s: %w", cfg.Data, cfg.localURL(), err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(io.LimitReader(answer.Body, 4<<10))
		return fmt.Errorf("the server answered %s: %s", answer.Status, body)
	}
	_, err = io.Copy(w, answer.Body)
	return err
}

// localURL is where this machine reaches the server that these settings make.
func (c *Config) localURL() string {
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return "http://" + c.Listen
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// restore fills an empty folder and tells whose credentials live again.
func restore(ctx context.Context, c Terminal, cfg *Config, args []string) (err error) {
	in := c.Stdin
	if args[0] != "-" {
		f, err := os.Open(args[0])
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	if err := engine.Restore(ctx, cfg.Data, in, progressOn(c.Stderr)); err != nil {
		return err
	}
	return withGateway(ctx, c, cfg, func(g *gateway.Gateway) error {
		if cfg.RevokeKeys {
			n, err := g.RevokeAllKeys(ctx, cfg.Data)
			fmt.Fprintf(c.Stdout, "%s is restored, and %d credentials are revoked\n", cfg.Data, n)
			return err
		}
		all, err := g.Credentials(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.Stdout, "%s is restored; these credentials open it again (--revoke-keys would have ended them):\n", cfg.Data)
		for _, k := range all {
			fmt.Fprintf(c.Stdout, "  %s  %s  %s  %s  %q\n", k.Tenant, k.Kind, k.ID, k.Created.Format(time.DateOnly), k.Name)
		}
		return nil
	})
}

// withGateway runs fn over the identities of a folder that no server uses.
func withGateway(ctx context.Context, c Terminal, cfg *Config, fn func(*gateway.Gateway) error) (err error) {
	e, err := cfg.openEngine(ctx, c.Stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	return fn(gateway.New(e, gateway.Options{}))
}

func apikey(ctx context.Context, c Terminal, cfg *Config, args []string) error {
	return withGateway(ctx, c, cfg, func(g *gateway.Gateway) error {
		key, err := g.IssueKey(ctx, args[0], args[1], args[2:], 0)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(c.Stdout, key)
		return err
	})
}

func removeDemo(ctx context.Context, c Terminal, cfg *Config, args []string) error {
	if args[0] != "remove" {
		return fmt.Errorf("%q is not remove: %w", args[0], errUsage)
	}
	return withGateway(ctx, c, cfg, func(g *gateway.Gateway) error {
		if err := g.RemoveDemo(ctx, cfg.Data); err != nil {
			return err
		}
		_, err := fmt.Fprintln(c.Stdout, "the tenant demo and its key are gone")
		return err
	})
}

// healthcheck is for a container, which has nothing else to ask with.
func healthcheck(ctx context.Context, c Terminal, cfg *Config, _ []string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, cfg.localURL()+"/readyz", nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the server answered %s", answer.Status)
	}
	_, err = fmt.Fprintln(c.Stdout, "ready")
	return err
}
