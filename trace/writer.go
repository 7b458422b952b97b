package trace

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
)

// DefaultSamples is how many candidates of each layer are kept per update: half of them grown, half not.
const DefaultSamples = 256

// Writer records a run. It is not safe for concurrent use, and a folder takes one writer at a time, which is for the
// caller to see to.
//
// Steps may stay in memory for a quarter of a second; updates are in the file when [Writer.Update] returns.
type Writer struct {
	dir           string
	trace, timing *journal

	summarizer summarizer
	topology   Topology
	updates    bool // Whether an update was recorded.

	line []byte // Memory for lines.

	lastStep, lastUpdate, lastTime int // The optimizer steps of the last record of each kind, -1 for none.
}

// Create begins the trace of a run in its folder, which must exist and hold none. meta says what the run is: it is
// marshalled to JSON for the header, and may be nil. It must not hold the time or anything else that differs between two
// runs that are to have the same trace.
func Create(dir string, meta any) (*Writer, error) {
	header, err := newHeader(meta)
	if err != nil {
		return nil, err
	}
	w := newWriter(dir)
	if w.trace, err = createJournal(filepath.Join(dir, FileName), header); err != nil {
		return nil, err
	}
	return w.openTiming()
}

// Append goes on with the trace in a run's folder. A torn last line is cut off. Damage anywhere else is a [DamageError],
// and a file that is not a trace or of a newer version is [ErrForeign] or [ErrNewer]; the file is then left as it is.
func Append(dir string) (*Writer, error) {
	w := newWriter(dir)
	if err := w.openTrace(); err != nil {
		return nil, err
	}
	return w.openTiming()
}

func newHeader(meta any) (Header, error) {
	header := Header{Format: traceFormat, Version: Version}
	if meta != nil {
		var err error
		if header.Meta, err = json.Marshal(meta); err != nil {
			return header, fmt.Errorf("trace: what is said about the run does not fit into JSON: %w", err)
		}
	}
	return header, nil
}

func newWriter(dir string) *Writer {
	return &Writer{dir: dir, summarizer: summarizer{samples: DefaultSamples}, lastStep: -1, lastUpdate: -1, lastTime: -1}
}

// openTrace opens the trace to append to it, and finds the masks at its end.
func (w *Writer) openTrace() (err error) {
	path := filepath.Join(w.dir, FileName)
	x := newIndex(nil, path)
	w.trace, err = openJournal(path, traceFormat, x.add)
	if err != nil {
		return err
	}
	w.lastStep, w.lastUpdate = x.lastStep, x.lastUpdate
	w.topology, w.updates = Topology{}, len(x.rounds) > 0
	if w.updates {
		x.file = w.trace.file
		if w.topology, err = x.topology(len(x.rounds) - 1); err != nil {
			_ = w.trace.close()
			return err
		}
	}
	return nil
}

// Samples sets how many candidates of each layer an update keeps at most, [DefaultSamples] if not called. It returns the
// writer.
func (w *Writer) Samples(n int) *Writer {
	w.summarizer.samples = max(n, 0)
	return w
}

// last is the highest optimizer step that the trace has a record of, 0 for none.
func (w *Writer) last() int { return max(w.lastStep, w.lastUpdate, 0) }

// HasMasks tells whether the trace has masks: the first update must hold those that training began with.
func (w *Writer) HasMasks() bool { return w.updates }

// Round is the round of the last masks, 0 if there are none.
func (w *Writer) Round() int { return w.topology.round }

// Step records a logged step. Steps must rise.
func (w *Writer) Step(s Step) error {
	if s.Step <= w.lastStep || s.Step < w.lastUpdate {
		return fmt.Errorf("trace: step %d cannot be recorded after step %d: steps must rise", s.Step, w.last())
	}
	// Written by hand, as a step may take no longer than some tenths of a millisecond.
	w.line = append(w.line[:0], `{"kind":"step","step":`...)
	w.line = strconv.AppendInt(w.line, int64(s.Step), 10)
	w.line = append(w.line, `,"scalars":`...)
	w.line = append(s.Scalars.appendJSON(w.line), '}')
	w.lastStep = s.Step
	return w.trace.append(w.line)
}

// Update records a mask update with the moves of all layers, in the same order at each update. It comes before the
// [Writer.Step] of the same optimizer step. The first update of a trace holds the masks that training began with. u.Layers
// must be nil: the writer makes them of the moves. For a skipped update, moves must be empty.
//
// If it fails on a move, nothing is recorded. If it fails to write, the record stays in memory for [Writer.Flush] to try
// again.
func (w *Writer) Update(u Update, moves ...Move) error {
	fail := func(err error) error { return fmt.Errorf("trace: the update of step %d: %w", u.Step, err) }
	if err := w.checkUpdate(&u, len(moves)); err != nil {
		return fail(err)
	}
	next := make([]layerMasks, len(moves))
	u.Layers = make([]Layer, len(moves))
	for i := range moves {
		var before *layerMasks
		if w.updates {
			before = &w.topology.layers[i]
		}
		var err error
		if u.Layers[i], next[i], err = w.summarizer.layer(&moves[i], &u, before); err != nil {
			return fail(err)
		}
	}
	line, err := json.Marshal(struct {
		Kind string `json:"kind"`
		Update
	}{kindUpdate, u})
	if err != nil {
		return fail(err)
	}
	w.lastUpdate = u.Step
	if u.Skipped == "" {
		w.topology, w.updates = Topology{round: u.Round, layers: next}, true
	}
	return errors.Join(w.trace.append(line), w.Flush())
}

// checkUpdate says what is wrong with an update of so many moves.
func (w *Writer) checkUpdate(u *Update, moves int) error {
	switch {
	case u.Layers != nil:
		return errors.New("its Layers must be nil: they are made of the moves")
	case u.Step <= w.lastUpdate || u.Step <= w.lastStep:
		return fmt.Errorf("it cannot be recorded after step %d: steps must rise, and an update comes before the logged step "+
			"that it follows", w.last())
	case u.Skipped != "" && moves > 0:
		return fmt.Errorf("it was skipped (%s) and yet has %d moves", u.Skipped, moves)
	case u.Skipped != "":
		return nil
	case moves == 0:
		return errors.New("it has no moves: give those of all layers")
	case w.updates && u.Round != w.topology.round+1:
		return fmt.Errorf("it is of round %d, and the one before of round %d: each update that is applied must be recorded",
			u.Round, w.topology.round)
	case w.updates && moves != len(w.topology.layers):
		return fmt.Errorf("it has the moves of %d layers, and the one before had %d", moves, len(w.topology.layers))
	}
	return nil
}

// Flush writes all that was recorded to the files, where readers see it.
func (w *Writer) Flush() error { return errors.Join(w.trace.flush(), w.timing.flush()) }

// Sync flushes, and waits until the disk has it. Call it before a checkpoint is written: a trace that ends before the
// checkpoint's step cannot be continued from there without a gap.
func (w *Writer) Sync() error { return errors.Join(w.trace.sync(), w.timing.sync()) }

// Close flushes and closes the files.
func (w *Writer) Close() error { return errors.Join(w.trace.close(), w.timing.close()) }
