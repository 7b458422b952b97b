package backends

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/pkg/errors"
)

// CacheDirEnv names the environment variable that moves the cache folder, see [CacheDir].
const CacheDirEnv = "SPARSEKERNEL_CACHE"

// CacheDir returns the folder, which may not exist yet, where plugins fetched by [Open] are kept: $SPARSEKERNEL_CACHE,
// or "sparsekernel" in the user's cache folder ([os.UserCacheDir]). It may be deleted at any time; a copy of it on
// another machine of the same kind works there without network.
func CacheDir() (string, error) {
	if dir := os.Getenv(CacheDirEnv); dir != "" {
		dir, err := filepath.Abs(dir)
		return dir, errors.Wrapf(err, "$%s", CacheDirEnv)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", errors.Wrapf(err, "no cache folder: set $%s to a folder for it", CacheDirEnv)
	}
	return filepath.Join(dir, "sparsekernel"), nil
}

// recordName is the file that makes a source's folder in the cache complete: it is written last.
const recordName = "plugins.json"

// record lists the plugins that a source left in its folder, the preferred one first.
type record struct {
	Plugins []recordedFile `json:"plugins"`
}

type recordedFile struct {
	File   string `json:"file"`  // relative to the folder
	Size   int64  `json:"size"`  // bytes
	MTime  int64  `json:"mtime"` // seconds since 1970
	SHA256 string `json:"sha256"`
}

// errAltered marks a cached plugin that is not the one that was recorded.
var errAltered = errors.New("altered since it was fetched")

// writeRecord records the given plugins, paths relative to dir, after all their bytes have reached the disk.
func writeRecord(dir string, files []string) error {
	var r record
	for _, file := range files {
		path := filepath.Join(dir, file)
		if err := syncFile(path); err != nil {
			return err
		}
		info, err := os.Stat(path)
		if err != nil {
			return errors.WithStack(err)
		}
		sum, err := fileSHA256(path)
		if err != nil {
			return err
		}
		r.Plugins = append(r.Plugins,
			recordedFile{File: file, Size: info.Size(), MTime: info.ModTime().Unix(), SHA256: sum})
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return errors.WithStack(err)
	}
	tmp := filepath.Join(dir, recordName+".tmp")
	if err := os.WriteFile(tmp, append(data, '\n'), 0o644); err != nil {
		return errors.WithStack(err)
	}
	if err := syncFile(tmp); err != nil {
		return err
	}
	return errors.WithStack(os.Rename(tmp, filepath.Join(dir, recordName)))
}

// readRecord returns the plugins recorded in dir, none if it holds no finished set-up. The error is errAltered if one is
// not what was recorded. It looks at sizes and times of change, and at the bytes only where a time differs, as after
// copying the folder; [recordedFile.verify] always looks at the bytes.
func readRecord(dir string) ([]recordedFile, error) {
	data, err := os.ReadFile(filepath.Join(dir, recordName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, errors.WithStack(err)
	}
	var r record
	if err := json.Unmarshal(data, &r); err != nil || len(r.Plugins) == 0 {
		return nil, errors.WithMessage(errAltered, filepath.Join(dir, recordName))
	}
	for _, f := range r.Plugins {
		if !filepath.IsLocal(f.File) {
			return nil, errors.WithMessagef(errAltered, "%s names %q", filepath.Join(dir, recordName), f.File)
		}
		path := filepath.Join(dir, f.File)
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() {
			return nil, errors.WithMessagef(errAltered, "%s is missing", path)
		}
		if info.Size() != f.Size {
			return nil, errors.WithMessagef(errAltered, "%s has %d bytes instead of %d", path, info.Size(), f.Size)
		}
		if info.ModTime().Unix() == f.MTime {
			continue
		}
		if err := f.verify(dir); err != nil {
			return nil, err
		}
		// So that the bytes are not read again at every start; a read-only folder just takes that time.
		_ = os.Chtimes(path, time.Time{}, time.Unix(f.MTime, 0))
	}
	return r.Plugins, nil
}

// verify compares every byte of the plugin in dir with the record.
func (f recordedFile) verify(dir string) error {
	path := filepath.Join(dir, f.File)
	sum, err := fileSHA256(path)
	if err != nil {
		return err
	}
	if sum != f.SHA256 {
		return errors.WithMessagef(errAltered, "%s has SHA-256 %s instead of %s", path, sum, f.SHA256)
	}
	return nil
}

func fileSHA256(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", errors.WithStack(err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", errors.Wrapf(err, "reading %s", path)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return errors.WithStack(err)
	}
	if err := f.Sync(); err != nil {
		f.Close()
		return errors.Wrapf(err, "writing %s to disk", path)
	}
	return errors.WithStack(f.Close())
}
