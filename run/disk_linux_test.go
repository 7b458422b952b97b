package run_test

import (
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/run"
)

// childLimitEnv is the size in bytes beyond which the child's files do not grow: a disk that is full, where none can be
// mounted.
const childLimitEnv = "SPARSEKERNEL_TEST_CHILD_LIMIT"

func init() {
	if limit, err := strconv.ParseUint(os.Getenv(childLimitEnv), 10, 63); err == nil {
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
			panic(err)
		}
	}
}

// large is a run of 20 steps and 4 mask updates whose checkpoints are larger than its trace: they are what finds no room.
func large() run.Spec {
	spec := run.Default()
	spec.Batch, spec.Steps, spec.DeltaT = 16, 20, 5
	return spec
}

// A file that cannot be written to its end stops the run with an error. What was saved is whole, and the run goes on from
// there once there is room.
func TestWriteFails(t *testing.T) {
	backend := backendtest.One(t)
	whole := create(t, large(), often())
	trained(t, whole, backend, 0)
	health, err := whole.Checkpoints()
	require.NoError(t, err)
	require.Less(t, health[0].Bytes, health[1].Bytes)

	r := create(t, large(), often())
	t.Setenv(childLimitEnv, strconv.FormatInt(health[1].Bytes-1, 10))
	p := start(t, r.Dir(), backendtest.Cheapest())
	require.Equal(t, 1, p.exit(t))
	require.Contains(t, p.stderr.String(), "saving step 10: ")
	require.Contains(t, p.stderr.String(), "file too large")
	requireGood(t, r, 5)
	trained(t, r, backend, 0)
	requireSame(t, whole.Dir(), r.Dir())
}

// requireGood checks that the run stands at a step, that all of its checkpoints are whole, and that nothing lies about.
func requireGood(t *testing.T, r *run.Run, step int) {
	t.Helper()
	state, err := r.State()
	require.NoError(t, err)
	require.Equal(t, run.StatusStopped, state.Status)
	require.Equal(t, step, state.Step)
	health, err := r.Checkpoints()
	require.NoError(t, err)
	for _, h := range health {
		require.NoError(t, h.Err)
	}
	files, err := os.ReadDir(filepath.Join(r.Dir(), "checkpoints"))
	require.NoError(t, err)
	require.Len(t, files, len(health))
}

// The same on a file system that is full. Mounting one takes rights that not all machines give; TestWriteFails needs none.
func TestFullDisk(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=600k"); err != nil {
		require.True(t, errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES), err)
		t.Logf("no file system can be mounted here: %v", err)
		return
	}
	defer func() { require.NoError(t, syscall.Unmount(disk, syscall.MNT_DETACH)) }()
	backend := backendtest.One(t)
	whole := create(t, large(), often())
	trained(t, whole, backend, 0)

	r, err := run.Create(filepath.Join(disk, "run"), large(), often())
	require.NoError(t, err)
	defer r.Close()
	_, err = r.On(backend).Train(t.Context(), 0)
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.ErrorContains(t, err, "the run stands at its checkpoint before")
	state, err := r.State()
	require.NoError(t, err)
	require.Positive(t, state.Step)
	requireGood(t, r, state.Step)
	require.NoError(t, syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT, "size=8m"))
	trained(t, r, backend, 0)
	requireSame(t, whole.Dir(), r.Dir())
}

// obeying calls fn without the right to pass over permission bits, which root has.
func obeying(t *testing.T, fn func()) {
	t.Helper()
	runtime.LockOSThread() // Capabilities are those of a thread.
	defer runtime.UnlockOSThread()
	version := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var rights [2]unix.CapUserData
	require.NoError(t, unix.Capget(&version, &rights[0]))
	fewer := rights
	fewer[0].Effective &^= 1 << unix.CAP_DAC_OVERRIDE
	require.NoError(t, unix.Capset(&version, &fewer[0]))
	defer func() { require.NoError(t, unix.Capset(&version, &rights[0])) }()
	fn()
}

// readOnly takes the right to write from all files of a run, and gives it back when the test ends.
func readOnly(t *testing.T, r *run.Run) {
	t.Helper()
	walk := func(file, folder os.FileMode) {
		require.NoError(t, filepath.Walk(r.Dir(), func(path string, info os.FileInfo, err error) error {
			require.NoError(t, err)
			if info.IsDir() {
				return os.Chmod(path, folder)
			}
			return os.Chmod(path, file)
		}))
	}
	walk(0o444, 0o555)
	t.Cleanup(func() { walk(0o644, 0o755) })
}

// A run in a folder that cannot be written can be looked at and forked, but not trained, and says why.
func TestReadOnly(t *testing.T) {
	backend := backendtest.One(t)
	r := create(t, short(0), often())
	trained(t, r, backend, 20)
	r.Close()
	elsewhere := t.TempDir()
	readOnly(t, r)
	obeying(t, func() {
		_, err := r.Train(t.Context(), 0)
		require.ErrorIs(t, err, os.ErrPermission)
		require.ErrorContains(t, err, r.Dir())
		_, err = r.Rewind(10)
		require.ErrorIs(t, err, os.ErrPermission)
		require.ErrorIs(t, run.Remove(r.Dir()), os.ErrPermission)
		_, err = run.Create(filepath.Join(r.Dir(), "below"), short(0), often())
		require.ErrorIs(t, err, os.ErrPermission)
		state, err := r.State()
		require.NoError(t, err)
		require.Equal(t, 20, state.Step)

		var notes []string
		r.Observe(run.Observer{Note: func(text string) { notes = append(notes, text) }})
		fork, err := r.Fork(filepath.Join(elsewhere, "fork"), 20, nil)
		require.NoError(t, err)
		require.Len(t, notes, 1, "the origin's checkpoint could not be pinned")
		trained(t, fork, backend, 10)
		fork.Close()
	})
	requireGood(t, r, 20)
}

// A folder that goes away while the run is trained stops it with an error.
func TestFolderGoesAway(t *testing.T) {
	whole := create(t, short(0), often())
	trained(t, whole, backendtest.One(t), 0)
	r := create(t, short(0), often())
	trained(t, r, backendtest.One(t), 10)
	here, away := filepath.Join(r.Dir(), "checkpoints"), filepath.Join(r.Dir(), "away")
	r.Observe(run.Observer{Step: func(step int, _ float64) {
		if step == 15 {
			require.NoError(t, os.Rename(here, away))
		}
	}})
	_, err := r.On(backendtest.One(t)).Train(t.Context(), 0)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.Equal(t, 1, strings.Count(err.Error(), "saving step 20: "), err)
	require.NoError(t, os.Rename(away, here))
	requireGood(t, r, 10)
	trained(t, r.Observe(run.Observer{}), backendtest.One(t), 0)
	requireSame(t, whole.Dir(), r.Dir())
}
