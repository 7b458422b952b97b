// Package trace keeps the record of a training run on disk: what it measured at each logged step, and what each mask
// update did to each layer.
//
// A trace is one append-only file of JSON lines, [FileName] in the run's folder. Any number of readers may read it while
// one [Writer] writes. A writer that is killed at any byte leaves a torn last line behind, which readers pass over and
// [Append] cuts off; each line carries a checksum, so that damage anywhere else is an error that says where
// ([DamageError]).
//
// Nothing in the trace depends on the clock or the process, so a run that was killed and resumed from a checkpoint with
// [AppendAfter] has the same trace, byte for byte, as one that was not. Step times are kept apart for that reason, in
// [TimingFileName].
//
// The writer takes plain slices of masks, visits, gradients and scores, and packs and summarizes them itself. The reader
// gives records one after the other ([Reader.Records]), as they are written ([Reader.Follow]), or by round
// ([Reader.Index]). docs/trace-format.md describes the format for other languages.
package trace

const (
	// FileName is the name of the trace in a run's folder.
	FileName = "trace.jsonl"
	// TimingFileName is the name of the file of step times in a run's folder.
	TimingFileName = "timing.jsonl"

	// Version is the version of the format that this package writes, and the highest that it reads.
	Version = 1

	traceFormat  = "sparsekernel-trace"
	timingFormat = "sparsekernel-timing"
)
