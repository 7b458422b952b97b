// Package durable writes files so that a crash, a full disk or a power cut leaves them complete, or as they were before.
package durable

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// suffix is that of temporary files, which begin with a dot.
const suffix = ".tmp"

// WriteFile gives the file at path the content that write writes. When it returns nil the file is on disk with all of
// it; on an error, or if the process dies meanwhile, it has all of it or is what it was before.
//
// The content goes to a temporary file in the same folder, which is synced and renamed; then the folder is synced. Of
// several writers, also on several hosts, the last one wins. [Sweep] removes the temporary files of writers that were
// killed.
func WriteFile(path string, write func(io.Writer) error) error {
	// Process ids will not do for names: those of two containers may be the same.
	temporary := filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s-%s%s", filepath.Base(path), rand.Text(), suffix))
	err := writeAndSync(temporary, write)
	if err == nil {
		err = os.Rename(temporary, path)
	}
	if err != nil {
		_ = os.Remove(temporary) // It may not exist.
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return SyncFolder(filepath.Dir(path))
}

// writeAndSync makes a new file and has its content on disk.
func writeAndSync(path string, write func(io.Writer) error) (err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer func() {
		if closed := file.Close(); err == nil {
			err = closed
		}
	}()
	buffered := bufio.NewWriterSize(file, 1<<20)
	if err := write(buffered); err != nil {
		return err
	}
	if err := buffered.Flush(); err != nil {
		return err
	}
	return file.Sync()
}

// SyncFolder has the folder's list of files on disk: which files there are, and under which names.
func SyncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil // It has no such call, and its renames do not need it.
	}
	folder, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("syncing the folder: %w", err)
	}
	defer folder.Close()
	if err := folder.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return fmt.Errorf("syncing the folder %s: %w", path, err)
	}
	return nil
}

// AsideSuffix is what [SetAside] adds to the name of a file, a number after it where there is one of that name.
const AsideSuffix = ".damaged"

// SetAside renames a file that is damaged, so that it is out of the way and not lost: to NAME.damaged, NAME.damaged-2 and
// so on. It returns the new path.
func SetAside(path string) (string, error) {
	aside := path + AsideSuffix
	for i := 2; ; i++ {
		if _, err := os.Lstat(aside); errors.Is(err, fs.ErrNotExist) {
			break
		}
		aside = fmt.Sprintf("%s%s-%d", path, AsideSuffix, i)
	}
	if err := os.Rename(path, aside); err != nil {
		return "", fmt.Errorf("setting a damaged file aside: %w", err)
	}
	return aside, nil
}

// Aside lists what [SetAside] made of the file at path.
func Aside(path string) ([]string, error) {
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("looking for damaged files: %w", err)
	}
	var paths []string
	for _, file := range files {
		if strings.HasPrefix(file.Name(), filepath.Base(path)+AsideSuffix) {
			paths = append(paths, filepath.Join(filepath.Dir(path), file.Name()))
		}
	}
	return paths, nil
}

// Sweep removes the temporary files that killed writers left in the folder.
func Sweep(folder string) error {
	files, err := os.ReadDir(folder)
	if err != nil {
		return fmt.Errorf("looking for temporary files: %w", err)
	}
	for _, file := range files {
		if name := file.Name(); strings.HasPrefix(name, ".") && strings.HasSuffix(name, suffix) {
			if err := os.Remove(filepath.Join(folder, name)); err != nil {
				return fmt.Errorf("removing a temporary file: %w", err)
			}
		}
	}
	return nil
}
