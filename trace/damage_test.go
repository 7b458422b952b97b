package trace

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// tinyLayer makes traces of which each byte can be tried.
func tinyLayer() *layerSim { return newLayerSim("/w", 0.5, 1, 2, 3) }

// scan returns all records of the trace that data is, and the error they end with.
func scan(data []byte) (records []Record, err error) {
	s := newScanner(bytes.NewReader(data), FileName)
	if _, err := s.header(traceFormat); err != nil {
		return nil, err
	}
	err = s.records(func(record Record, _ error) bool {
		records = append(records, record)
		return true
	})
	return records, err
}

// A trace cut off at any byte gives all its whole lines.
func TestTruncatedAnywhere(t *testing.T) {
	_, data := write(t, simulate(12, tinyLayer()))
	header := bytes.IndexByte(data, '\n') + 1
	for size := range len(data) + 1 {
		records, err := scan(data[:size])
		if size < header {
			require.ErrorIs(t, err, ErrForeign, size)
			continue
		}
		require.NoError(t, err, size)
		require.Len(t, records, bytes.Count(data[header:size], []byte("\n")), size)
	}
}

// A run that was killed while it wrote any line, and that resumes from its last whole step, has the trace of one that was
// not.
func TestKilledAnywhere(t *testing.T) {
	events := simulate(12, tinyLayer())
	path, data := write(t, events)
	for size := bytes.IndexByte(data, '\n') + 1; size <= len(data); size += 37 {
		require.NoError(t, os.WriteFile(path, data[:size], 0o644))
		records, err := collect(t, path)
		require.NoError(t, err, size)
		last := 0
		for _, r := range records {
			if r.Step != nil {
				last = r.Step.Step
			}
		}
		w, err := AppendAfter(filepath.Dir(path), last)
		require.NoError(t, err, size)
		left := events[last+1:]
		if !w.HasMasks() {
			left = events
		}
		record(t, w, left)
		require.NoError(t, w.Close())
		again, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(data), string(again), size)
	}
}

// Append cuts off a torn line at any byte and leaves what is whole, whatever comes next.
func TestAppendRepairs(t *testing.T) {
	path, data := write(t, simulate(3, tinyLayer()))
	for size := bytes.IndexByte(data, '\n') + 1; size <= len(data); size++ {
		require.NoError(t, os.WriteFile(path, data[:size], 0o644))
		w, err := Append(filepath.Dir(path))
		require.NoError(t, err, size)
		require.NoError(t, w.Step(Step{Step: 99}))
		require.NoError(t, w.Close())
		records, err := collect(t, path)
		require.NoError(t, err, size)
		require.Equal(t, 99, records[len(records)-1].Step.Step)
		require.Len(t, records, bytes.Count(data[:size], []byte("\n")))
	}
}

// A bit that flips anywhere is noticed: reading ends with an error that says where, after all that comes before it.
func TestFlippedAnywhere(t *testing.T) {
	path, data := write(t, simulate(12, tinyLayer()))
	header := bytes.IndexByte(data, '\n') + 1
	for i := range data {
		damaged := bytes.Clone(data)
		damaged[i] ^= 1 << (i % 8)
		records, err := scan(damaged)
		require.Error(t, err, i)
		if i >= header {
			var damage *DamageError
			require.ErrorAs(t, err, &damage, i)
			line := bytes.Count(data[:i], []byte("\n"))
			require.Equal(t, []any{line + 1, int64(bytes.LastIndexByte(data[:i], '\n') + 1)}, []any{damage.Line, damage.Offset}, i)
			require.Len(t, records, line-1)
		}
		if i%101 == 0 || i == len(data)-1 {
			require.NoError(t, os.WriteFile(path, damaged, 0o644))
			_, appended := Append(filepath.Dir(path))
			require.Error(t, appended, i)
			require.Equal(t, strings.ReplaceAll(appended.Error(), path, FileName), err.Error())
			left, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, damaged, left)
		}
	}
}

// What follows the step that a run resumes from may be damaged, what comes before may not.
func TestDamageAfterRewind(t *testing.T) {
	events := simulate(25, tinyLayer())
	path, data := write(t, events)
	dir := filepath.Dir(path)
	begin := bytes.Index(data, []byte(`{"kind":"step","step":20,`))
	end := begin + bytes.IndexByte(data[begin:], '\n')
	for i := end - 30; i < len(data); i += 11 {
		damaged := bytes.Clone(data)
		damaged[i] ^= 1
		require.NoError(t, os.WriteFile(path, damaged, 0o644))
		_, err := Append(dir)
		require.ErrorContains(t, err, "what comes before is good")
		w, err := AppendAfter(dir, 20)
		if i <= end {
			var damage *DamageError
			require.ErrorAs(t, err, &damage)
			require.EqualValues(t, begin, damage.Offset)
			continue
		}
		require.NoError(t, err)
		record(t, w, events[21:])
		require.NoError(t, w.Close())
		again, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(data), string(again))
	}
}

func TestForeignFiles(t *testing.T) {
	for _, test := range []struct {
		name, content string
		want          error
	}{
		{"empty", "", ErrForeign},
		{"text", "Dear reader,\n", ErrForeign},
		{"JSON lines", `{"step":1}` + "\n", ErrForeign},
		{"step times", string(appendLine(nil, []byte(`{"format":"sparsekernel-timing","version":1}`))), ErrForeign},
		{"a newer version", string(appendLine(nil, []byte(`{"format":"sparsekernel-trace","version":2,"more":true}`))), ErrNewer},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), FileName)
			require.NoError(t, os.WriteFile(path, []byte(test.content), 0o644))
			_, err := Open(path)
			require.ErrorIs(t, err, test.want)
			require.ErrorContains(t, err, path)
			_, err = Append(filepath.Dir(path))
			require.ErrorIs(t, err, test.want)
			_, err = Create(filepath.Dir(path), nil)
			require.ErrorIs(t, err, fs.ErrExist)
			content, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, test.content, string(content))
		})
	}
	_, err := Open(t.TempDir())
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = Append(t.TempDir())
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// Damaged step times are told apart from a damaged trace, and a run can go on without them.
func TestTimings(t *testing.T) {
	path, _ := write(t, simulate(5, tinyLayer()))
	dir := filepath.Dir(path)
	steps := 0
	for timing, err := range Timings(dir) {
		require.NoError(t, err)
		steps++
		require.Equal(t, Timing{Step: steps, Seconds: 0.001}, timing)
	}
	require.Equal(t, 5, steps)

	timing := filepath.Join(dir, TimingFileName)
	data, err := os.ReadFile(timing)
	require.NoError(t, err)
	data[len(data)/2] ^= 1
	require.NoError(t, os.WriteFile(timing, data, 0o644))
	_, err = Append(dir)
	var damage *DamageError
	require.ErrorAs(t, err, &damage)
	require.ErrorContains(t, err, "the run can go on without it")
	require.NoError(t, os.Remove(timing))
	w, err := Append(dir)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	for _, err := range Timings(t.TempDir()) {
		require.ErrorIs(t, err, fs.ErrNotExist)
	}
}

// After a disk that was full for a while, the trace is whole.
func TestFlushAgain(t *testing.T) {
	w, path := create(t)
	events := simulate(12, tinyLayer())
	record(t, w, events[:5])
	require.NoError(t, w.Flush())
	file := w.trace.file
	readOnly, err := os.Open(path)
	require.NoError(t, err)
	defer readOnly.Close()
	w.trace.file = readOnly
	require.NoError(t, w.Step(Step{Step: 5, Scalars: Scalars{Loss: events[5].loss, LearningRate: 0.1}}))
	require.Error(t, w.Flush())
	w.trace.file = file
	record(t, w, events[6:])
	require.NoError(t, w.Close())
	_, data := write(t, simulate(12, tinyLayer()))
	again, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(data), string(again))
}
