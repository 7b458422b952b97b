package safetensors

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// File is an open file whose header was read and found valid. Its methods may be called concurrently.
type File struct {
	name     string
	metadata map[string]string
	infos    []Info         // In the order of their offsets.
	index    map[string]int // Of infos, by name.
	data     *io.SectionReader
	closer   io.Closer // Nil if the file is not ours to close.
}

// Open opens the file with the given path and checks its header. The caller must close it.
func Open(path string) (*File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	stat, err := file.Stat()
	if err == nil && !stat.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file", path)
	}
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	f, err := NewFile(file, stat.Size(), path)
	if err != nil {
		file.Close()
		return nil, err
	}
	f.closer = file
	return f, nil
}

// NewFile reads the header of a file of the given size in bytes. Errors call it name. Close does not close r.
func NewFile(r io.ReaderAt, size int64, name string) (*File, error) {
	fail := func(err error) (*File, error) { return nil, fmt.Errorf("safetensors: %s: %w", name, err) }
	if size < 8 {
		return fail(fmt.Errorf("a file of %d bytes is truncated: the length of the header takes 8", size))
	}
	var length [8]byte
	if _, err := r.ReadAt(length[:], 0); err != nil {
		return fail(fmt.Errorf("reading the length of the header: %w", err))
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > maxHeader {
		return fail(fmt.Errorf("the header would take %d bytes, at most %d are allowed: this is no safetensors file", n, maxHeader))
	}
	begin := 8 + int64(n)
	if begin > size {
		return fail(fmt.Errorf("the header takes %d bytes, but only %d follow: the file is truncated", n, size-8))
	}
	header := make([]byte, n)
	if _, err := io.ReadFull(io.NewSectionReader(r, 8, int64(n)), header); err != nil {
		return fail(fmt.Errorf("reading the header: %w", err))
	}
	metadata, infos, err := parseHeader(header, size-begin)
	if err != nil {
		return fail(err)
	}
	f := &File{name: name, metadata: metadata, infos: infos, index: make(map[string]int, len(infos)),
		data: io.NewSectionReader(r, begin, size-begin)}
	for i, info := range infos {
		f.index[info.Name] = i
	}
	return f, nil
}

// Name is what the file was opened by, for errors.
func (f *File) Name() string { return f.name }

// Metadata returns the file's own texts by key. It is nil if the file has none, and not to be changed.
func (f *File) Metadata() map[string]string { return f.metadata }

// Tensors lists the tensors in the order of the file. The list is not to be changed.
func (f *File) Tensors() []Info { return f.infos }

// Lookup returns what the file says of a tensor.
func (f *File) Lookup(name string) (info Info, found bool) {
	i, found := f.index[name]
	if !found {
		return Info{}, false
	}
	return f.infos[i], true
}

// Reader returns a reader of a tensor's bytes, row-major and little-endian.
func (f *File) Reader(name string) (*io.SectionReader, error) {
	info, found := f.Lookup(name)
	if !found {
		return nil, fmt.Errorf("safetensors: %s: there is no tensor %q, only %s", f.name, name, f.names())
	}
	return io.NewSectionReader(f.data, info.Begin, info.End-info.Begin), nil
}

// Read returns a tensor's bytes, row-major and little-endian.
func (f *File) Read(name string) ([]byte, error) {
	info, _ := f.Lookup(name)
	data := make([]byte, info.End-info.Begin)
	return data, f.ReadInto(name, data)
}

// ReadInto reads a tensor's bytes, row-major and little-endian, into data, which must have their length.
func (f *File) ReadInto(name string, data []byte) error {
	reader, err := f.Reader(name)
	if err != nil {
		return err
	}
	if int64(len(data)) != reader.Size() {
		return fmt.Errorf("safetensors: %s: tensor %q has %d bytes, but there is room for %d", f.name, name, reader.Size(), len(data))
	}
	if _, err := io.ReadFull(reader, data); err != nil {
		return fmt.Errorf("safetensors: %s: reading tensor %q: %w", f.name, name, err)
	}
	return nil
}

// Close closes the file, if it was opened by [Open].
func (f *File) Close() error {
	if f.closer == nil {
		return nil
	}
	return f.closer.Close()
}

// names lists some of the tensors, for an error.
func (f *File) names() string {
	const most = 10
	names := make([]string, 0, most)
	for _, info := range f.infos[:min(most, len(f.infos))] {
		names = append(names, fmt.Sprintf("%q", info.Name))
	}
	slices.Sort(names)
	if more := len(f.infos) - most; more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return "[" + strings.Join(names, ", ") + "]"
}
