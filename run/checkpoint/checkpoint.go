package checkpoint

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"strings"

	"github.com/gomlx/gomlx/ml/model"

	"github.com/sparsekernel/sparsekernel/interchange/safetensors"
	"github.com/sparsekernel/sparsekernel/internal/durable"
)

const (
	format  = "sparsekernel-checkpoint"
	version = "1"
)

// Keys of the metadata that this package writes.
const (
	keyFormat    = "format"
	keyVersion   = "version"
	keySHA256    = "sha256"
	keyVariables = "variables"
)

// unsummed is the checksum that the checksum is computed with.
var unsummed = strings.Repeat("0", 2*sha256.Size)

// DamagedError says why a file is not a checkpoint, or not any more.
type DamagedError struct {
	Path   string
	Reason error
}

// Error implements error.
func (e *DamagedError) Error() string { return fmt.Sprintf("%s is damaged: %v", e.Path, e.Reason) }

// Unwrap returns the reason.
func (e *DamagedError) Unwrap() error { return e.Reason }

// Packed is a checkpoint that is not written yet: a copy of variables as they were at one time.
type Packed struct {
	metadata map[string]string
	tensors  []safetensors.Tensor
}

// Pack packs variables, all of which must have values, and texts, whose keys must not be those that this package writes.
func Pack(variables []*model.Variable, texts map[string]string) (*Packed, error) {
	fail := func(err error) (*Packed, error) { return nil, fmt.Errorf("checkpoint: %w", err) }
	packer, err := pack(variables)
	if err != nil {
		return fail(err)
	}
	list, err := json.Marshal(packer.variables)
	if err != nil {
		return fail(err)
	}
	metadata := map[string]string{keyFormat: format, keyVersion: version, keySHA256: unsummed, keyVariables: string(list)}
	for key, text := range texts {
		if _, taken := metadata[key]; taken {
			return fail(fmt.Errorf("the key %q is the checkpoint's own", key))
		}
		metadata[key] = text
	}
	return &Packed{metadata: metadata, tensors: packer.tensors}, nil
}

// Write writes the checkpoint to the file at path, which then is complete and on disk, or with an error is as it was. It
// returns the file's checksum, see [Sum].
func (p *Packed) Write(path string) (checksum string, err error) {
	sum := sha256.New()
	if err := safetensors.Write(sum, p.metadata, p.tensors...); err != nil {
		return "", fmt.Errorf("checkpoint %s: %w", path, err)
	}
	metadata := maps.Clone(p.metadata)
	metadata[keySHA256] = hex.EncodeToString(sum.Sum(nil))
	if err := durable.WriteFile(path, func(w io.Writer) error { return safetensors.Write(w, metadata, p.tensors...) }); err != nil {
		return "", err
	}
	return metadata[keySHA256], nil
}

// Write packs and writes a checkpoint, see [Pack] and [Packed.Write].
func Write(path string, variables []*model.Variable, texts map[string]string) error {
	packed, err := Pack(variables, texts)
	if err != nil {
		return err
	}
	_, err = packed.Write(path)
	return err
}

// Sum returns the checksum that the file at path was written with, which tells it from all other checkpoints. It reads the
// file's header only: whether the rest is whole, [Read] says.
func Sum(path string) (string, error) {
	file, err := safetensors.Open(path)
	if err != nil {
		return "", fmt.Errorf("checkpoint: %w", err)
	}
	return file.Metadata()[keySHA256], file.Close()
}

// Checkpoint is a checkpoint read from a file, and found whole.
type Checkpoint struct {
	Texts  map[string]string // What the writer gave.
	SHA256 string            // The file's checksum, which tells it from all others.

	path      string
	file      *safetensors.File
	variables []variable
}

// Read reads the checkpoint at path and verifies its checksum. The error is a [DamagedError] if the file is not a
// checkpoint or has changed since it was written, down to a bit; it is not if the file cannot be read, or is a whole one
// of another version.
func Read(path string) (*Checkpoint, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	return Decode(data, path)
}

// Decode is [Read] of a file that is in memory. Errors call it path.
func Decode(data []byte, path string) (*Checkpoint, error) {
	damaged := func(err error) (*Checkpoint, error) { return nil, &DamagedError{Path: path, Reason: err} }
	file, err := safetensors.NewFile(bytes.NewReader(data), int64(len(data)), path)
	if err != nil {
		return damaged(err)
	}
	c := &Checkpoint{Texts: maps.Clone(file.Metadata()), path: path, file: file}
	own := func(key string) string {
		text := c.Texts[key]
		delete(c.Texts, key)
		return text
	}
	if got := own(keyFormat); got != format {
		return damaged(fmt.Errorf("it is no checkpoint: its format is %q, not %q", got, format))
	}
	c.SHA256 = own(keySHA256)
	if err := verify(data, c.SHA256); err != nil {
		return damaged(err)
	}
	if got := own(keyVersion); got != version {
		return nil, fmt.Errorf("checkpoint %s: it has version %q of the format, this program reads version %s: use the program that "+
			"wrote it, or a newer one", path, got, version)
	}
	if c.variables, err = parseVariables(own(keyVariables)); err != nil {
		return damaged(err)
	}
	return c, nil
}

// verify compares the checksum of a file with the one that it claims.
func verify(data []byte, claimed string) error {
	if len(claimed) != len(unsummed) {
		return errors.New("it has no checksum")
	}
	header := data[:8+binary.LittleEndian.Uint64(data)]
	field := []byte(`"` + keySHA256 + `":"`)
	at := bytes.Index(header, append(field, claimed...))
	if at < 0 {
		return errors.New("its checksum is not written as checkpoints write it")
	}
	at += len(field)
	sum := sha256.New()
	sum.Write(data[:at])
	sum.Write([]byte(unsummed))
	sum.Write(data[at+len(claimed):])
	if computed := hex.EncodeToString(sum.Sum(nil)); computed != claimed {
		return fmt.Errorf("its checksum is %s, but it was written with %s", computed, claimed)
	}
	return nil
}

// Restore creates the checkpoint's variables in a store that has none of them, in the order of the store they come from.
// Those that keep leaves out are left out; nil keeps all.
func (c *Checkpoint) Restore(store *model.Store, keep func(path string) bool) error {
	for _, v := range c.variables {
		if keep != nil && !keep(v.Path) {
			continue
		}
		value, err := unpack(c.file, v)
		if err != nil {
			return &DamagedError{Path: c.path, Reason: err}
		}
		if store.GetVariable(v.Path) != nil {
			return fmt.Errorf("checkpoint %s: the store has a variable %q already", c.path, v.Path)
		}
		created, err := store.CreateVariable(v.Path, value)
		if err != nil {
			return fmt.Errorf("checkpoint %s: %w", c.path, err)
		}
		created.SetTrainable(v.Trainable)
	}
	return nil
}
