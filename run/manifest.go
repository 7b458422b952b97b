package run

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/sparsekernel/sparsekernel/internal/durable"
)

// specFile is the file that makes a folder a run: its [manifest].
const specFile = "spec.json"

const (
	manifestFormat  = "sparsekernel-run"
	manifestVersion = 1
)

// manifest is what a run is from the start, and stays.
type manifest struct {
	Format     string    `json:"format"`
	Version    int       `json:"version"`
	Spec       Spec      `json:"spec"`
	Recording  Recording `json:"recording"`
	ForkedFrom *Origin   `json:"forked_from,omitempty"`
	BeginsAt   *int      `json:"begins_at,omitempty"` // The step of the model that the run was created from, if it was from one.
}

// beginning returns the step that the run begins at and, if there is a checkpoint of that, where it came from.
func (m *manifest) beginning() (step int, from string) {
	switch {
	case m.ForkedFrom != nil:
		return m.ForkedFrom.Step, "forked from " + m.ForkedFrom.Dir
	case m.BeginsAt != nil:
		return *m.BeginsAt, "created from a model"
	}
	return 0, ""
}

// checkReach says why the run in the folder dir cannot go back to a step.
func (m *manifest) checkReach(dir string, step int) error {
	if first, from := m.beginning(); step < first {
		return fmt.Errorf("%s begins at step %d, where it was %s: it cannot go back to step %d", dir, first, from, step)
	}
	return nil
}

// Origin is where a run was forked from.
type Origin struct {
	Dir    string `json:"dir"`  // The other run's folder, as an absolute path at the time.
	Step   int    `json:"step"` // Training goes on after this step.
	SHA256 string `json:"sha256"`
}

// NotARunError says that a folder holds no run.
type NotARunError struct {
	Dir string
	Why string
}

// Error implements error.
func (e *NotARunError) Error() string { return fmt.Sprintf("%s holds no run: %s", e.Dir, e.Why) }

// notARun says why the folder dir, which has no spec, is no run.
func notARun(dir string) *NotARunError {
	why := fmt.Sprintf("there is no %s in it", specFile)
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		why = "there is no such folder"
	case err == nil && !info.IsDir():
		why = "it is a file"
	case err == nil:
		entries, _ := os.ReadDir(dir) // Those that can be read.
		isRun := func(entry fs.DirEntry) bool {
			_, err := os.Stat(filepath.Join(dir, entry.Name(), specFile))
			return err == nil
		}
		if i := slices.IndexFunc(entries, isRun); i >= 0 {
			why += ", but folders in it hold runs, such as " + filepath.Join(dir, entries[i].Name())
		}
	}
	return &NotARunError{Dir: dir, Why: why}
}

// readManifest reads a run's manifest.
func readManifest(dir string) (*manifest, error) {
	path := filepath.Join(dir, specFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, notARun(dir)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the run: %w", err)
	}
	m, err := parseManifest(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// parseManifest parses and checks a manifest.
func parseManifest(data []byte) (*manifest, error) {
	var kind struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	if err := json.Unmarshal(data, &kind); err != nil {
		return nil, err
	}
	if kind.Format != manifestFormat {
		return nil, fmt.Errorf("it describes no run: its format is %q, not %q", kind.Format, manifestFormat)
	}
	if kind.Version != manifestVersion {
		return nil, fmt.Errorf("it has version %d of the format, this program reads version %d: use the program that wrote it, "+
			"or a newer one", kind.Version, manifestVersion)
	}
	m := &manifest{}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(m); err != nil {
		return nil, err
	}
	if err := m.Spec.validateOfAnyMethod(); err != nil {
		return nil, err
	}
	if err := m.Recording.Validate(); err != nil {
		return nil, err
	}
	if from := m.ForkedFrom; from != nil && m.BeginsAt != nil {
		return nil, errors.New("it has both forked_from and begins_at")
	}
	if first, _ := m.beginning(); first < 0 || first >= m.Spec.Steps {
		return nil, fmt.Errorf("a run of %d steps cannot begin at step %d", m.Spec.Steps, first)
	}
	return m, nil
}

// write writes the manifest of a run.
func (m *manifest) write(dir string) error {
	return durable.WriteFile(filepath.Join(dir, specFile), jsonOf(m))
}

// jsonOf writes a value as JSON for people.
func jsonOf(value any) func(io.Writer) error {
	return func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(value)
	}
}
