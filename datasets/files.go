package datasets

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"
)

// openMaybeGzip opens the first of the files that exists, decompressed if it is a gzip file, whatever its name.
func openMaybeGzip(paths ...string) (io.ReadCloser, string, error) {
	for _, path := range paths {
		file, err := os.Open(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, "", errors.WithStack(err)
		}
		r, err := gunzipped(file)
		if err != nil {
			file.Close()
			return nil, "", errors.WithMessage(err, path)
		}
		return readCloser{r, file}, path, nil
	}
	return nil, "", errors.Wrapf(os.ErrNotExist, "looking for %s", strings.Join(paths, " or "))
}

type readCloser struct {
	io.Reader
	io.Closer
}

// gunzipped returns a reader of what r holds, decompressed if it begins as a gzip file does.
func gunzipped(r io.Reader) (io.Reader, error) {
	buffered := bufio.NewReaderSize(r, 1<<16)
	if magic, _ := buffered.Peek(2); len(magic) < 2 || magic[0] != 0x1F || magic[1] != 0x8B {
		return buffered, nil
	}
	unzipped, err := gzip.NewReader(buffered)
	return unzipped, errors.Wrap(err, "gzip")
}

// readNamed reads the named files with read: from dir, from its folder of the given name, or from its archive of that
// name, a tar file, gzip-compressed or not. Names are read in their order from a folder, in the archive's from there. A
// file that is not there is an error.
func readNamed(dir, folder, archive string, names []string, read func(name string, r io.Reader) error) error {
	for _, place := range []string{dir, filepath.Join(dir, folder)} {
		if _, err := os.Stat(filepath.Join(place, names[0])); err == nil {
			return readFolder(place, names, read)
		}
	}
	file, path, err := openMaybeGzip(filepath.Join(dir, archive), filepath.Join(dir, strings.TrimSuffix(archive, ".gz")))
	if errors.Is(err, os.ErrNotExist) {
		return errors.Errorf("%s has none of %s, %s and %s", dir, names[0], filepath.Join(folder, names[0]), archive)
	}
	if err != nil {
		return err
	}
	defer file.Close()
	return errors.WithMessage(readTar(file, names, read), path)
}

func readFolder(dir string, names []string, read func(name string, r io.Reader) error) error {
	for _, name := range names {
		file, path, err := openMaybeGzip(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		err = read(name, file)
		file.Close()
		if err != nil {
			return errors.WithMessage(err, path)
		}
	}
	return nil
}

func readTar(r io.Reader, names []string, read func(name string, r io.Reader) error) error {
	missing := map[string]bool{}
	for _, name := range names {
		missing[name] = true
	}
	archive := tar.NewReader(r)
	for len(missing) > 0 {
		header, err := archive.Next()
		if err == io.EOF {
			for _, name := range names {
				if missing[name] {
					return errors.Errorf("the archive has no %s", name)
				}
			}
		}
		if err != nil {
			return errors.Wrap(err, "the archive is truncated or altered")
		}
		name := path.Base(header.Name)
		if header.Typeflag != tar.TypeReg || !missing[name] {
			continue
		}
		delete(missing, name)
		if err := read(name, archive); err != nil {
			return errors.WithMessage(err, header.Name)
		}
	}
	return nil
}

// readExactly reads want bytes, for which it takes no more memory than there are, and checks that nothing follows.
// offset is where r begins in its file.
func readExactly(r io.Reader, offset, want int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, want+1))
	if err != nil {
		return nil, errors.Wrapf(err, "offset %d: the file is truncated or altered", offset+int64(len(data)))
	}
	if int64(len(data)) < want {
		return nil, errors.Errorf("offset %d: the file ends, want %d more bytes", offset+int64(len(data)), want-int64(len(data)))
	}
	if int64(len(data)) > want {
		return nil, errors.Errorf("offset %d: bytes follow where the file should end", offset+want)
	}
	return data, nil
}
