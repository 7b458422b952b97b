package trace

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzReader reads data as a file, and each of its lines as what a checksum that matches vouches for. Nothing panics, all
// errors say where, and the masks that are read are those of the index.
func FuzzReader(f *testing.F) {
	_, data := write(f, simulate(31, tinyLayer()))
	f.Add(data)
	for line := range bytes.Lines(data) {
		f.Add(append(line[:len(line)-1-tailSize:len(line)], '}'))
	}
	head, _, _ := bytes.Cut(data, []byte("\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		checkReading(t, data)
		sealedLines := append(bytes.Clone(head), '\n')
		for line := range bytes.Lines(data) {
			if line = bytes.TrimSpace(line); len(line) > 0 {
				sealedLines = appendLine(sealedLines, line)
			}
		}
		checkReading(t, sealedLines)
	})
}

// checkReading reads a file in all ways.
func checkReading(t *testing.T, data []byte) {
	records, err := scan(data)
	checkError(t, err)
	var topology Topology
	for _, r := range records {
		if r.Update == nil {
			continue
		}
		if topology.Advance(r.Update) != nil {
			break
		}
		for _, path := range topology.Paths() {
			tr, err := topology.Transition(path)
			require.NoError(t, err)
			require.Len(t, tr.Fates(), len(tr.After))
			_, _, err = Fans(tr.After, tr.Shape)
			require.Equal(t, len(tr.Shape) == 0, err != nil)
		}
	}
	x := newIndex(bytes.NewReader(data), FileName)
	s := newScanner(bytes.NewReader(data), FileName)
	if _, err = s.header(traceFormat); err == nil {
		err = s.each(func(line []byte) error { return x.add(s, line) })
	}
	checkError(t, err)
	for _, round := range x.Rounds() {
		_, err := x.Topology(round)
		checkError(t, err)
	}
}

// checkError checks that an error says where the damage is.
func checkError(t *testing.T, err error) {
	var damage *DamageError
	if err != nil && !errors.Is(err, ErrForeign) && !errors.Is(err, ErrNewer) {
		require.ErrorAs(t, err, &damage)
		require.Positive(t, damage.Line)
	}
}
