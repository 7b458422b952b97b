package checkpoint

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/sparsekernel/sparsekernel/internal/durable"
)

// Folder is the path of a folder with the checkpoints of one run, one to a step. A file's name says which step's it is,
// and which mask update's if it was written right after one:
//
//	step-00000400-round-0004.safetensors
//	step-00000400-round-0004.pinned.safetensors    kept for good
//	step-00000400-round-0004.safetensors.damaged   set aside
//
// One process may write to it at a time, and calls [Folder.Prepare] first. Any number may read.
type Folder string

// Entry is a checkpoint in a folder.
type Entry struct {
	Step   int
	Round  int // The number of mask updates so far, if it was written right after one; else 0.
	Pinned bool
	Path   string
}

// suffix ends the names of checkpoints, pinnedSuffix those of pinned ones.
const (
	suffix       = ".safetensors"
	pinnedSuffix = ".pinned" + suffix
)

// pinned returns the entry as it is when it is pinned.
func (e Entry) pinned() Entry {
	if !e.Pinned {
		e.Pinned, e.Path = true, strings.TrimSuffix(e.Path, suffix)+pinnedSuffix
	}
	return e
}

// Read is [Read] of the entry's file, also if somebody has pinned it since it was listed.
func (e Entry) Read() (*Checkpoint, error) {
	c, err := Read(e.Path)
	if errors.Is(err, fs.ErrNotExist) && !e.Pinned {
		return Read(e.pinned().Path)
	}
	return c, err
}

var fileName = regexp.MustCompile(`^step-(\d{1,18})(?:-round-(\d{1,18}))?(\.pinned)?\.safetensors$`)

// Path returns where the checkpoint of a step is written. round is 0 if no mask update came right before.
func (f Folder) Path(step, round int) string {
	name := fmt.Sprintf("step-%08d", step)
	if round > 0 {
		name += fmt.Sprintf("-round-%04d", round)
	}
	return filepath.Join(string(f), name+suffix)
}

// List returns the checkpoints by step, in whatever state they are. Other files are passed over.
func (f Folder) List() ([]Entry, error) {
	files, err := os.ReadDir(string(f))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("listing checkpoints: %w", err)
	}
	var entries []Entry
	for _, file := range files {
		match := fileName.FindStringSubmatch(file.Name())
		if match == nil {
			continue
		}
		step, _ := strconv.Atoi(match[1]) // At most 18 digits.
		round, _ := strconv.Atoi(match[2])
		entries = append(entries, Entry{Step: step, Round: round, Pinned: match[3] != "", Path: filepath.Join(string(f), file.Name())})
	}
	slices.SortFunc(entries, func(a, b Entry) int { return cmp.Compare(a.Step, b.Step) })
	return entries, nil
}

// Prepare makes the folder, if need be, and removes what a writer that was killed left half-written.
func (f Folder) Prepare() error {
	if err := os.MkdirAll(string(f), 0o755); err != nil {
		return fmt.Errorf("making the folder of checkpoints: %w", err)
	}
	return durable.Sweep(string(f))
}

// Newest returns the newest checkpoint that is whole. Damaged ones that are newer are set aside: renamed, so that they
// are out of the way but not lost, and given to note. Without any, the error is fs.ErrNotExist.
func (f Folder) Newest(note func(*DamagedError)) (*Checkpoint, Entry, error) {
	entries, err := f.List()
	if err != nil {
		return nil, Entry{}, err
	}
	for _, entry := range slices.Backward(entries) {
		c, err := entry.Read()
		var damaged *DamagedError
		if !errors.As(err, &damaged) {
			return c, entry, err
		}
		if _, err := durable.SetAside(entry.Path); err != nil {
			return nil, Entry{}, fmt.Errorf("%w; %w", damaged, err)
		}
		note(damaged)
	}
	return nil, Entry{}, fmt.Errorf("checkpoints in %s: %w", f, fs.ErrNotExist)
}

// Pin keeps a checkpoint for good.
func (f Folder) Pin(e Entry) error {
	if e.Pinned {
		return nil
	}
	if err := os.Rename(e.Path, e.pinned().Path); err != nil {
		return fmt.Errorf("pinning a checkpoint: %w", err)
	}
	return durable.SyncFolder(string(f))
}

// Prune removes checkpoints: all but the last keep of those at regular steps, the last two of all, and the pinned.
func (f Folder) Prune(keep int, regular func(step int) bool) error {
	entries, err := f.List()
	if err != nil {
		return err
	}
	kept := 0
	for i, entry := range slices.Backward(entries) {
		if regular(entry.Step) && kept < keep {
			kept++
			continue
		}
		if entry.Pinned || i >= len(entries)-2 {
			continue
		}
		if err := remove(entry); err != nil {
			return err
		}
	}
	return nil
}

// RemoveAfter removes the checkpoints of later steps, the newest first, pinned ones too, and says how many.
func (f Folder) RemoveAfter(step int) (removed int, err error) {
	entries, err := f.List()
	if err != nil {
		return 0, err
	}
	for _, entry := range slices.Backward(entries) {
		if entry.Step <= step {
			break
		}
		if err := remove(entry); err != nil {
			return removed, err
		}
		removed++
	}
	return removed, nil
}

// remove removes a checkpoint, unless somebody else did, or has just pinned it.
func remove(e Entry) error {
	if err := os.Remove(e.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing an old checkpoint: %w", err)
	}
	return nil
}
