package run

import (
	"context"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
)

// BenchmarkRecording is what the trace costs, and checkpoints, at the defaults: each iteration trains three models for 100
// steps, with a mask update at their end, in turn: in memory, recorded, and recorded and saved. The ratios are those of
// the medians.
func BenchmarkRecording(b *testing.B) {
	for _, name := range []string{"xla", "go"} {
		b.Run(name, func(b *testing.B) {
			spec := Default()
			spec.Steps = 1_000_000
			var sessions [3]*session
			var runs [3]*Run
			for i := range sessions {
				r, err := Create(filepath.Join(b.TempDir(), "run"), spec, DefaultRecording())
				require.NoError(b, err)
				require.NoError(b, r.On(backendtest.Get(b, name)).load(context.Background()))
				defer r.Close()
				runs[i], sessions[i] = r, r.session
				if i > 0 {
					sessions[i].record, err = openRecorder(r.dir, r.manifest.Recording, r.session, nil)
					require.NoError(b, err)
					record := sessions[i].record
					defer func() { require.NoError(b, record.close()) }()
					sessions[i].afterStep = record.step
				}
				require.NoError(b, sessions[i].train(context.Background(), spec.DeltaT)) // It compiles.
			}
			var times [3][]time.Duration
			for b.Loop() {
				for i, s := range sessions {
					began := processorTime(b)
					require.NoError(b, s.train(context.Background(), spec.DeltaT))
					if i == 2 {
						require.NoError(b, runs[i].save(s.record))
					}
					times[i] = append(times[i], processorTime(b)-began)
				}
			}
			var medians [3]float64
			for i := range times {
				slices.Sort(times[i])
				medians[i] = times[i][len(times[i])/2].Seconds()
			}
			b.ReportMetric(1000*medians[0], "cpu-ms/100steps")
			b.ReportMetric(medians[1]/medians[0], "recorded/plain")
			b.ReportMetric(medians[2]/medians[0], "recorded+saved/plain")
		})
	}
}

// processorTime is the time that this process has had on all cores.
func processorTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
