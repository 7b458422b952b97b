package trace

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// pythonDump prints what the reader of the documentation makes of a trace.
const pythonDump = `
import json, sys
sys.path.insert(0, sys.argv[1])
import reader
header, steps, updates = reader.read(sys.argv[2])
for update in updates:
    for layer in update.get("layers", []):
        for mask in "before", "kept", "after":
            layer[mask] = None if layer[mask] is None else reader.indices(layer[mask])
for step in steps:
    step["scalars"] = {name: repr(reader.number(value)) for name, value in step["scalars"].items()}
json.dump({"meta": header["meta"], "steps": steps, "updates": updates}, sys.stdout)
`

// The reader in Python that the documentation holds reads what the one in Go does.
func TestPythonReader(t *testing.T) {
	python, err := exec.LookPath("python3")
	require.NoError(t, err, "this test needs Python 3")
	document, err := os.ReadFile("../docs/trace-format.md")
	require.NoError(t, err)
	_, code, found := strings.Cut(string(document), "\n```python\n")
	require.True(t, found)
	code, _, found = strings.Cut(code, "\n```\n")
	require.True(t, found)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "reader.py"), []byte(code), 0o644))
	run := func(args ...string) (stdout, stderr string, err error) {
		var out, errs strings.Builder
		command := exec.Command(python, args...)
		command.Stdout, command.Stderr = &out, &errs
		err = command.Run()
		return out.String(), errs.String(), err
	}

	path, data := write(t, simulate(200, smallLayers()...))
	require.NoError(t, os.WriteFile(path, append(data, `{"kind":"step","st`...), 0o644)) // A torn last line.
	stdout, stderr, err := run("-c", pythonDump, dir, path)
	require.NoError(t, err, stderr)
	var got struct {
		Meta  json.RawMessage
		Steps []struct {
			Step    int
			Scalars map[string]string
		}
		Updates []struct {
			Update
			Layers []struct {
				Layer
				Before, Kept, After []int
			} `json:"layers"`
		}
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &got))
	require.JSONEq(t, `{"method":"dst-ee","seed":3}`, string(got.Meta))

	records, err := collect(t, path)
	require.NoError(t, err)
	var topology Topology
	steps, updates := 0, 0
	for _, rec := range records {
		if rec.Step != nil {
			require.Equal(t, rec.Step.Step, got.Steps[steps].Step)
			require.Len(t, got.Steps[steps].Scalars, len(rec.Step.Scalars))
			for name, value := range rec.Step.Scalars {
				var read Scalars
				text := got.Steps[steps].Scalars[name]
				if text == "nan" {
					text = `"NaN"`
				}
				require.NoError(t, json.Unmarshal([]byte(`{"x":`+text+`}`), &read))
				require.Equal(t, cell(value, true), cell(read["x"], true))
			}
			steps++
			continue
		}
		update := got.Updates[updates]
		updates++
		require.NoError(t, topology.Advance(rec.Update))
		require.Equal(t, []any{rec.Update.Step, rec.Update.Round, rec.Update.Skipped, rec.Update.Params, len(rec.Update.Layers)},
			[]any{update.Step, update.Round, update.Skipped, update.Params, len(update.Layers)})
		for i, l := range rec.Update.Layers {
			read := update.Layers[i]
			require.Equal(t, l, read.Layer)
			tr, err := topology.Transition(l.Path)
			require.NoError(t, err)
			for name, masks := range map[string]struct {
				want []bool
				got  []int
			}{"before": {tr.Before, read.Before}, "kept": {tr.Kept, read.Kept}, "after": {tr.After, read.After}} {
				mask := make([]bool, len(masks.want))
				for _, index := range masks.got {
					mask[index] = true
				}
				require.Equal(t, masks.want == nil, masks.got == nil, name)
				if masks.want != nil {
					require.Equal(t, masks.want, mask, name)
				}
			}
		}
	}
	require.Equal(t, []int{len(got.Steps), len(got.Updates)}, []int{steps, updates})

	stdout, stderr, err = run(filepath.Join(dir, "reader.py"), path)
	require.NoError(t, err, stderr)
	require.Contains(t, stdout, "step 3 loss not finite\nstep 4 loss 0.25\n")
	require.Contains(t, stdout, "round 19 /out/weights active ")

	data[len(data)/2] ^= 1
	require.NoError(t, os.WriteFile(path, data, 0o644))
	_, stderr, err = run(filepath.Join(dir, "reader.py"), path)
	require.Error(t, err)
	require.Contains(t, stderr, "is damaged in line ")
}
