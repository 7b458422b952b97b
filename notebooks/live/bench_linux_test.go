package live

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/views"
)

// What the panel costs the training beside it, in percent: pieces of a run are trained with it and without it, in turns. Both
// the time and the time of processors are measured: the latter does not depend on what else the machine does.
func BenchmarkPanel(b *testing.B) {
	const piece = 1000
	r := openedOn(b, backendtest.Get(b, "xla"), 1_000_000_000, 64)
	_, err := r.Train(context.Background(), piece) // Compiles.
	require.NoError(b, err)
	var alone, beside spent
	pictures := 0
	b.ResetTimer()
	for range b.N {
		alone.add(b, func() error {
			_, err := r.Train(context.Background(), piece)
			return err
		})
		beside.add(b, func() error {
			_, err := train(context.Background(), r, piece, "", func(f *views.Figure) {
				_, _ = f.HTML(), f.SVG()
				pictures++
			})
			return err
		})
	}
	b.ReportMetric(100*(beside.time.Seconds()/alone.time.Seconds()-1), "%time")
	b.ReportMetric(100*(beside.cpu.Seconds()/alone.cpu.Seconds()-1), "%cpu")
	b.ReportMetric(float64(pictures)/beside.time.Seconds(), "pictures/s")
}

// BenchmarkPicture is the processor time of one picture, and its share of the time between two.
func BenchmarkPicture(b *testing.B) {
	r := openedOn(b, backendtest.Get(b, "xla"), 3000, 64)
	_, err := r.Train(context.Background(), 0)
	require.NoError(b, err)
	record, err := views.Open(r.Dir())
	require.NoError(b, err)
	defer record.Close()
	var took spent
	b.ResetTimer()
	for range b.N {
		took.add(b, func() error {
			f, err := views.Live(record, "")
			if err == nil {
				_, _ = f.HTML(), f.SVG()
			}
			return err
		})
	}
	each := took.cpu.Seconds() / float64(b.N)
	b.ReportMetric(1000*each, "cpu-ms")
	b.ReportMetric(100*each/interval.Seconds(), "%interval")
}

// spent is time that passed, and time of processors.
type spent struct{ time, cpu time.Duration }

func (s *spent) add(b *testing.B, do func() error) {
	began, cpu := time.Now(), cpuTime(b)
	require.NoError(b, do())
	s.time, s.cpu = s.time+time.Since(began), s.cpu+cpuTime(b)-cpu
}

// cpuTime is the processor time of this process.
func cpuTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
