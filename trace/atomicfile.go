package trace

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// writeFile makes or replaces a file in one step: under its name there is always the old one or the whole new one.
func writeFile(path string, write func(out io.Writer) error) (err error) {
	fail := func(err error) error { return fmt.Errorf("trace: writing %s: %w", path, err) }
	dir := filepath.Dir(path)
	temporary, err := os.CreateTemp(dir, "."+filepath.Base(path)+"-*")
	if err != nil {
		return fail(err)
	}
	defer os.Remove(temporary.Name()) // Gone after the rename; left over only on error.
	if err = write(temporary); err == nil {
		err = temporary.Chmod(0o644)
	}
	if err == nil {
		err = temporary.Sync()
	}
	if closed := temporary.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err == nil {
		err = syncFolder(dir)
	}
	if err != nil {
		return fail(err)
	}
	return nil
}

// syncFolder waits until the disk has the folder's names.
func syncFolder(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}
