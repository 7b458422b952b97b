package trace

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
)

// Index finds the updates of a trace by round. It holds those that were in the file when it was made, and is safe for
// concurrent use.
type Index struct {
	path   string
	file   io.ReaderAt
	rounds []indexed // The updates that were not skipped, by rising round.

	lastStep, lastUpdate int // The optimizer steps of the last line of each kind, -1 for none.
}

// indexed is where an update is.
type indexed struct {
	round, step int
	line        int
	offset      int64
	whole       bool // All its masks are whole ones.
}

// Index reads through the trace once, and returns where its updates are. If the file is damaged it returns both a
// [DamageError] and the index of what comes before.
func (r *Reader) Index() (*Index, error) {
	x := newIndex(r.file, r.path)
	s := r.scan()
	return x, s.each(func(line []byte) error { return x.add(s, line) })
}

func newIndex(file io.ReaderAt, path string) *Index {
	return &Index{path: path, file: file, lastStep: -1, lastUpdate: -1}
}

// add takes in the line that was read last.
func (x *Index) add(s *scanner, line []byte) error {
	var at struct {
		Kind, Skipped string
		Step, Round   int
		Layers        []struct{ Mask struct{ Base string } }
	}
	if err := json.Unmarshal(line, &at); err != nil {
		return s.rejected(line, err)
	}
	switch at.Kind {
	case kindStep:
		x.lastStep = at.Step
	case kindUpdate:
		x.lastUpdate = at.Step
		if at.Skipped != "" {
			return nil
		}
		entry := indexed{round: at.Round, step: at.Step, line: s.line - 1, offset: s.offset - int64(len(line)) - 1, whole: true}
		for _, l := range at.Layers {
			entry.whole = entry.whole && l.Mask.Base == ""
		}
		if n := len(x.rounds); n > 0 && entry.round != x.rounds[n-1].round+1 {
			return s.rejected(line, fmt.Errorf("round %d follows round %d", entry.round, x.rounds[n-1].round))
		}
		x.rounds = append(x.rounds, entry)
	}
	return nil
}

// Rounds returns the rounds of the updates that were not skipped, which rise by 1.
func (x *Index) Rounds() []int {
	rounds := make([]int, len(x.rounds))
	for i, entry := range x.rounds {
		rounds[i] = entry.round
	}
	return rounds
}

// Update returns the update of the given round.
func (x *Index) Update(round int) (*Update, error) {
	i, err := x.find(round)
	if err != nil {
		return nil, err
	}
	return x.read(i)
}

// Topology returns the masks of all layers around the update of the given round. At most 16 updates are read for it.
func (x *Index) Topology(round int) (*Topology, error) {
	i, err := x.find(round)
	if err != nil {
		return nil, err
	}
	t, err := x.topology(i)
	return &t, err
}

// Transition returns what the update of the given round did to the mask of the weight with the given path.
func (x *Index) Transition(round int, path string) (Transition, error) {
	t, err := x.Topology(round)
	if err != nil {
		return Transition{}, err
	}
	return t.Transition(path)
}

// Mask returns the mask after the update of the given round of the weight with the given path, flat and row-major.
func (x *Index) Mask(round int, path string) ([]bool, error) {
	tr, err := x.Transition(round, path)
	return tr.After, err
}

// Visits returns N after the update of the given round for each weight of the one with the given path, flat and row-major:
// in how many of the trace's masks it was active. All updates up to that round are read for it.
func (x *Index) Visits(round int, path string) ([]int32, error) {
	last, err := x.find(round)
	if err != nil {
		return nil, err
	}
	var t Topology
	var visits []int32
	for i := 0; i <= last; i++ {
		if err := x.advance(&t, i); err != nil {
			return nil, err
		}
		l, err := t.layer(path)
		if err != nil {
			return nil, err
		}
		if visits == nil {
			visits = make([]int32, l.size)
		}
		for weight := range l.after.All() {
			visits[weight]++
		}
	}
	return visits, nil
}

// find returns the place in rounds of the given one.
func (x *Index) find(round int) (int, error) {
	i, found := slices.BinarySearchFunc(x.rounds, round, func(entry indexed, round int) int {
		return cmp.Compare(entry.round, round)
	})
	if found {
		return i, nil
	}
	if len(x.rounds) == 0 {
		return 0, fmt.Errorf("trace: there is no round %d in %s: it has no mask updates", round, x.path)
	}
	first, last := x.rounds[0].round, x.rounds[len(x.rounds)-1].round
	return 0, fmt.Errorf("trace: there is no round %d in %s, only %d to %d", round, x.path, first, last)
}

// read returns an update.
func (x *Index) read(i int) (*Update, error) {
	s := newScanner(x.file, x.path)
	s.seek(x.rounds[i].offset, x.rounds[i].line)
	line, err := s.next()
	if err == io.EOF {
		err = s.damage("it is no longer there")
	}
	if err != nil {
		return nil, err
	}
	record, err := s.parse(line)
	if err != nil {
		return nil, err
	}
	return record.Update, nil
}

// topology returns the masks of all layers around an update.
func (x *Index) topology(i int) (t Topology, err error) {
	// The masks before the update are wanted too, so it starts from whole ones before it.
	first := max(i-1, 0)
	for first > 0 && !x.rounds[first].whole {
		first--
	}
	for j := first; j <= i; j++ {
		if err := x.advance(&t, j); err != nil {
			return t, err
		}
	}
	return t, nil
}

// advance takes the topology through an update.
func (x *Index) advance(t *Topology, i int) error {
	u, err := x.read(i)
	if err != nil {
		return err
	}
	if err := t.Advance(u); err != nil {
		return &DamageError{Path: x.path, Line: x.rounds[i].line + 1, Offset: x.rounds[i].offset, Reason: err.Error()}
	}
	return nil
}
