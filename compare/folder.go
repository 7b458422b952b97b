package compare

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sparsekernel/sparsekernel/internal/durable"
	"github.com/sparsekernel/sparsekernel/run"
)

// format is the version of result files. Files of another version are other cells, by their names.
const format = 1

// Folder holds the results of cells, one file each, for one backend and one build of the program.
//
// A file is named after its cell and a hash of the file format, the cell's spec and the backend, so that other settings
// have other files; it is complete or not there. It records the build that wrote it, since the same spec may train
// otherwise after a change of the code.
type Folder struct {
	dir, backend, build string

	// AnyBuild takes the results of other builds of the program for those of this one.
	AnyBuild bool
}

// OpenFolder opens the folder for results of a backend, given by its Description, and makes it if need be. The build is
// what [Build] returns.
func OpenFolder(dir, backend, build string) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("making the folder for results: %w", err)
	}
	return &Folder{dir: dir, backend: backend, build: build}, nil
}

// Build identifies the running program by the first half of its SHA-256, in hexadecimal.
func Build() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("finding the running program: %w", err)
	}
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("reading the running program: %w", err)
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", fmt.Errorf("reading the running program: %w", err)
	}
	return hex.EncodeToString(hash.Sum(nil)[:16]), nil
}

// Errors of [Folder.Load].
var (
	ErrAbsent     = fs.ErrNotExist
	ErrOtherBuild = errors.New("the result is of another build of this program")
	ErrDamaged    = errors.New("no result of this cell, damaged or foreign")
)

// record is the content of a result file.
type record struct {
	Format  int             `json:"format"`
	Build   string          `json:"build"`
	Backend string          `json:"backend"`
	Spec    run.Spec        `json:"spec"`
	SHA256  string          `json:"sha256"` // Of the summary as compact JSON.
	Summary json.RawMessage `json:"summary"`
}

// Load returns the result of a cell. The error is, or wraps, [ErrAbsent] if there is none, [ErrOtherBuild] if another
// build of the program left it, and [ErrDamaged] if the file of that name is none that Save wrote for this cell.
func (f *Folder) Load(cell Cell) (*run.Summary, error) {
	path := f.path(cell)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var r record
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, ErrDamaged, err)
	}
	if r.Format != format || (Cell{Spec: r.Spec}).key(r.Backend) != cell.key(f.backend) {
		return nil, fmt.Errorf("%s: %w: its spec and backend are not those of its name", path, ErrDamaged)
	}
	digest, err := digest(r.Summary)
	if err != nil || digest != r.SHA256 {
		return nil, fmt.Errorf("%s: %w: its summary does not have the SHA-256 %q", path, ErrDamaged, r.SHA256)
	}
	if r.Build != f.build && !f.AnyBuild {
		return nil, fmt.Errorf("%s: %w", path, ErrOtherBuild)
	}
	summary := &run.Summary{}
	if err := json.Unmarshal(r.Summary, summary); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, ErrDamaged, err)
	}
	summary.Spec = cell.Spec // Its sparsity is not in the summary's JSON, where the exact one hides it.
	return summary, nil
}

// Save writes the result of a cell in place of any earlier one.
func (f *Folder) Save(cell Cell, summary *run.Summary) error {
	fail := func(err error) error { return fmt.Errorf("saving the result of %s: %w", cell, err) }
	summaryJSON, err := json.Marshal(summary)
	if err != nil {
		return fail(err)
	}
	digest, err := digest(summaryJSON)
	if err != nil {
		return fail(err)
	}
	r := record{Format: format, Build: f.build, Backend: f.backend, Spec: cell.Spec, SHA256: digest, Summary: summaryJSON}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fail(err)
	}
	return durable.WriteFile(f.path(cell), func(w io.Writer) error {
		_, err := w.Write(append(data, '\n'))
		return err
	})
}

// SetAside renames the file of a cell, so that nothing is lost and the cell can be trained again. It returns the new path.
func (f *Folder) SetAside(cell Cell) (string, error) { return durable.SetAside(f.path(cell)) }

// path is where the result of a cell is: a name for people, and the key.
func (f *Folder) path(cell Cell) string {
	spec := cell.Spec
	key := cell.key(f.backend)[:16]
	return filepath.Join(f.dir, fmt.Sprintf("%s-%s-seed%d-%s.json", spec.Method, percentName(spec.Sparsity), spec.Seed, key))
}

// key is a hash of all that decides what the cell's run gives, but for the build of the program. Where the data lie does not.
func (c Cell) key(backend string) string {
	c.Spec.DataDir = ""
	data, err := json.Marshal(record{Format: format, Backend: backend, Spec: c.Spec, Summary: json.RawMessage("null")})
	if err != nil {
		panic(err) // A spec that was validated holds numbers and text alone.
	}
	hash := sha256.Sum256(data)
	return hex.EncodeToString(hash[:])
}

// digest is the SHA-256 of JSON, white space left out.
func digest(data []byte) (string, error) {
	var compact bytes.Buffer
	if err := json.Compact(&compact, data); err != nil {
		return "", err
	}
	hash := sha256.Sum256(compact.Bytes())
	return hex.EncodeToString(hash[:]), nil
}
