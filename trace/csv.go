package trace

import (
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
)

// Tables are the tables that [WriteCSV] writes, by name.
var Tables = []string{"steps", "updates"}

// WriteCSV writes a table of the trace as CSV (RFC 4180), with names in the first row. The table "steps" has a row per
// logged step, with its scalars and its time if the trace is in a run's folder that has step times; "updates" has one per
// mask update and layer, the first masks included. A cell is empty where there is nothing to tell.
//
// If the trace is damaged, the rows of what comes before are written, and the error is a [DamageError].
func WriteCSV(out io.Writer, r *Reader, table string) error {
	w := csv.NewWriter(out)
	var err error
	switch table {
	case "steps":
		err = writeSteps(w, r)
	case "updates":
		err = writeUpdates(w, r)
	default:
		return fmt.Errorf("trace: there is no table %q, only %q", table, Tables)
	}
	w.Flush()
	if err == nil {
		err = w.Error()
	}
	return err
}

// writeSteps writes the table of steps.
func writeSteps(w *csv.Writer, r *Reader) error {
	names := r.names(func(record Record) Scalars {
		if record.Step == nil {
			return nil
		}
		return record.Step.Scalars
	})
	seconds := map[int]float64{}
	for timing, err := range Timings(filepath.Dir(r.path)) {
		if err != nil {
			break // Times are an extra: a trace is whole without them.
		}
		seconds[timing.Step] = timing.Seconds
	}
	_ = w.Write(slices.Concat([]string{"step"}, names, []string{"seconds"})) // Errors stay with w.
	for record, err := range r.Records() {
		if err != nil {
			return err
		}
		if record.Step == nil {
			continue
		}
		row := append([]string{strconv.Itoa(record.Step.Step)}, cells(record.Step.Scalars, names)...)
		value, found := seconds[record.Step.Step]
		_ = w.Write(append(row, cell(value, found)))
	}
	return nil
}

// writeUpdates writes the table of updates.
func writeUpdates(w *csv.Writer, r *Reader) error {
	names := r.names(func(record Record) Scalars {
		if record.Update == nil {
			return nil
		}
		return record.Update.Params
	})
	_ = w.Write(append([]string{"step", "round", "skipped", "layer", "size", "active", "dropped", "grown", "regrown",
		"explored", "threshold", "drop_fraction"}, names...)) // Errors stay with w.
	for record, err := range r.Records() {
		if err != nil {
			return err
		}
		u := record.Update
		if u == nil {
			continue
		}
		begin := []string{strconv.Itoa(u.Step), strconv.Itoa(u.Round), u.Skipped}
		end := append([]string{cell(u.DropFraction, true)}, cells(u.Params, names)...)
		if u.Skipped != "" {
			_ = w.Write(slices.Concat(begin, make([]string, 8), end))
		}
		for _, l := range u.Layers {
			_ = w.Write(slices.Concat(begin, layerCells(&l), end))
		}
	}
	return nil
}

// layerCells are the cells of a row that are the layer's.
func layerCells(l *Layer) []string {
	row := []string{l.Path}
	for _, n := range []int{l.Size, l.Active, l.Dropped, l.Grown, l.Regrown, l.Explored} {
		row = append(row, strconv.Itoa(n))
	}
	if l.Threshold == nil {
		return append(row, "")
	}
	return append(row, strconv.FormatFloat(float64(*l.Threshold), 'g', -1, 32))
}

// names returns the names of the scalars of all records that are whole, sorted.
func (r *Reader) names(of func(Record) Scalars) []string {
	found := map[string]bool{}
	for record, err := range r.Records() {
		if err != nil {
			break // The pass that writes the rows reports it.
		}
		for name := range of(record) {
			found[name] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// cells are the scalars of the given names.
func cells(scalars Scalars, names []string) []string {
	row := make([]string, len(names))
	for i, name := range names {
		value, found := scalars[name]
		row[i] = cell(value, found)
	}
	return row
}

// cell is a number, or nothing.
func cell(value float64, found bool) string {
	if !found {
		return ""
	}
	return strconv.FormatFloat(value, 'g', -1, 64)
}
