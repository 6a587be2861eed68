package gateway

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"quintet/engine"
	"quintet/engine/disk"
)

// Names of the first run.
const (
	adminFile = "admin.key"
	demoFile  = "demo.key"

	// DemoTenant is the tenant that a first run on a developer's machine gets.
	DemoTenant = "demo"
)

// What was done once in the life of a data folder stands under bucketMeta. A
// later start does not do it again, also when somebody undid it since.
const (
	metaAdmin = "admin" // the platform got its first key
	metaDemo  = "demo"  // the tenant demo was made
)

// WriteKeyFiles writes <dir>/admin.key and, where asked, <dir>/demo.key, unless
// they are there. On a first run it goes before engine.Open: a folder that
// holds a store then holds the files, too, wherever a crash comes.
func WriteKeyFiles(dir string, demo bool) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	if demo {
		if _, err := keyFromFile(disk.OS(dir), demoFile, DemoTenant); err != nil {
			return err
		}
	}
	_, err := keyFromFile(disk.OS(dir), adminFile, engine.PlatformName)
	return err
}

// done reports whether something was done once.
func (g *Gateway) done(ctx context.Context, what string) (done bool, err error) {
	err = g.e.Store.View(ctx, g.e.Tenants.Platform(), func(v *engine.View) error {
		done = v.Get(bucketMeta, []byte(what)) != nil
		return nil
	})
	return done, err
}

// EnsureAdminKey writes <dir>/admin.key and stores its hash: the platform's
// first key. It does so once in the life of a data folder. The file is on disk
// before the hash is in the store; a crash in between leaves a file whose key
// the next start stores. One caller at a time.
func (g *Gateway) EnsureAdminKey(ctx context.Context, dir string) error {
	if done, err := g.done(ctx, metaAdmin); err != nil || done {
		return err
	}
	text, err := keyFromFile(disk.OS(dir), adminFile, engine.PlatformName)
	if err != nil {
		return err
	}
	k := g.mint(text, "first key", scopesOf(engine.PlatformName), 0, operator)
	platform := g.e.Tenants.Platform()
	err = g.e.Store.Update(ctx, platform, func(tx *engine.Tx) error {
		tx.Put(bucketMeta, []byte(metaAdmin), k.id[:])
		k.put(tx)
		return nil
	})
	if err == nil {
		g.tell(platform, k.audit)
	}
	return err
}

// DemoPending reports whether a crash ended a first run before the tenant demo
// was made: its key file is there, and it never was.
func (g *Gateway) DemoPending(ctx context.Context, dir string) (bool, error) {
	_, err := os.Stat(filepath.Join(dir, demoFile))
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	done, err := g.done(ctx, metaDemo)
	return !done, err
}

// SeedDemo makes the tenant demo and <dir>/demo.key with all its scopes, once
// in the life of a data folder, and not where somebody else made it.
func (g *Gateway) SeedDemo(ctx context.Context, dir string) error {
	if done, err := g.done(ctx, metaDemo); err != nil || done {
		return err
	}
	if _, err := g.e.Tenants.Lookup(DemoTenant); err == nil {
		return nil
	}
	text, err := keyFromFile(disk.OS(dir), demoFile, DemoTenant)
	if err != nil {
		return err
	}
	t, err := g.prepareTenant(DemoTenant, "Demo", text, operator)
	if err != nil {
		return err
	}
	_, err = g.e.Tenants.Create(ctx, DemoTenant, func(tx *engine.Tx) error {
		tx.Platform().Put(bucketMeta, []byte(metaDemo), nil)
		t.put(tx)
		return nil
	})
	if err == nil {
		g.tellCreated(t)
	}
	return err
}

// RemoveDemo deletes <dir>/demo.key and the tenant demo with all that it has.
// It does nothing where neither is there.
func (g *Gateway) RemoveDemo(ctx context.Context, dir string) error {
	if err := removeFile(disk.OS(dir), demoFile); err != nil {
		return err
	}
	err := g.removeTenant(ctx, DemoTenant, operator)
	if errors.Is(err, engine.ErrTenantGone) {
		return nil
	}
	return err
}

// keyFromFile returns the key that a file holds, and makes both where there is
// no file. The new file is readable by its owner only.
func keyFromFile(files disk.FS, file, tenant string) (string, error) {
	data, err := disk.ReadFile(files, file)
	if errors.Is(err, os.ErrNotExist) {
		text := newKey(tenant)
		return text, disk.Replace(files, file, []byte(text+"\n"), nil)
	}
	if err != nil {
		return "", fmt.Errorf("read %s: %w", file, err)
	}
	text := strings.TrimSuffix(string(data), "\n")
	if named, ok := parseKey(text); !ok || named != tenant {
		return "", fmt.Errorf("%s does not hold an API key of tenant %s; move the file away and start again", file, tenant)
	}
	return text, nil
}

func removeFile(files disk.FS, file string) error {
	err := files.Remove(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return errors.Join(err, files.SyncDir("."))
}
