package disk

import (
	"fmt"
	"os"
	"path"
)

// Replace makes name hold exactly data: it writes and syncs a temporary file
// beside it, lets verify (if not nil) judge what can be read back, renames it
// over name and syncs the folder. At every instant name is the old file or
// the new one, whole.
func Replace(fs FS, name string, data []byte, verify func([]byte) error) error {
	temp := name + ".tmp"
	if err := writeSynced(fs, temp, data); err != nil {
		return fmt.Errorf("replace %s: %w", name, err)
	}
	if verify != nil {
		back, err := ReadFile(fs, temp)
		if err != nil {
			return fmt.Errorf("replace %s: read back: %w", name, err)
		}
		if err := verify(back); err != nil {
			return fmt.Errorf("replace %s: what was written does not verify: %w", name, err)
		}
	}
	if err := fs.Rename(temp, name); err != nil {
		return fmt.Errorf("replace %s: %w", name, err)
	}
	return fs.SyncDir(path.Dir(name))
}

func writeSynced(fs FS, name string, data []byte) (err error) {
	f, err := fs.Open(name, os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}()
	if _, err := f.WriteAt(data, 0); err != nil {
		return err
	}
	return f.Sync()
}

// ReadFile returns the whole content of a file.
func ReadFile(fs FS, name string) ([]byte, error) {
	f, err := fs.Open(name, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	data := make([]byte, size)
	if size == 0 {
		return data, nil
	}
	if _, err := f.ReadAt(data, 0); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return data, nil
}
