package dstee_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/dstee"
)

// vggShapes are the shapes of the weights of VGG-19 for CIFAR (Simonyan and Zisserman, 2015), 20 million in all.
func vggShapes() [][]int {
	var shapes [][]int
	in := 3
	for _, stage := range []struct{ layers, out int }{{2, 64}, {2, 128}, {4, 256}, {4, 512}, {4, 512}} {
		for range stage.layers {
			shapes = append(shapes, []int{3, 3, in, stage.out})
			in = stage.out
		}
	}
	return append(shapes, []int{in, 10})
}

// BenchmarkUpdateVGG19 measures a mask update of VGG-19's weights by DST-EE, at density 0.1: its time, that of all cores
// together, the ratio of the first to the time in which one core copies as many bytes as the weights have, and the memory it
// takes at its peak, in bytes for each weight (from Linux's account of the process, which sees what XLA allocates).
//
//	go test ./dstee -run '^$' -bench UpdateVGG19 -benchtime 10x
func BenchmarkUpdateVGG19(b *testing.B) {
	for _, name := range []string{"xla", "go"} {
		for _, structure := range []dstee.Structure{dstee.Unstructured(), dstee.FanIn(), dstee.Channel()} {
			b.Run(name+"/"+structure.String(), func(b *testing.B) {
				backend := backendtest.Get(b, name)
				store := model.NewStore()
				total := 0
				rng := rand.New(rand.NewPCG(1, 2))
				random := func(dims []int) *tensors.Tensor {
					n := 1
					for _, dim := range dims {
						n *= dim
					}
					values := make([]float32, n)
					for i := range values {
						values[i] = float32(rng.NormFloat64())
					}
					return tensors.FromFlatDataAndDimensions(values, dims...)
				}
				for i, dims := range vggShapes() {
					v, err := store.CreateVariable(fmt.Sprintf("/layer%02d/weights", i), random(dims))
					if err != nil {
						b.Fatal(err)
					}
					total += v.Shape().Size()
				}
				sparse := dstee.New(0.1).Structure(structure)
				if err := sparse.Prepare(backend, store); err != nil {
					b.Fatal(err)
				}
				for i, dims := range vggShapes() {
					gradient := random(dims)
					if err := gradient.ToDevice(backend, 0); err != nil { // As after a training step.
						b.Fatal(err)
					}
					if err := store.GetVariable(fmt.Sprintf("%s/layer%02d/weights/gradient", dstee.Scope, i)).SetValue(gradient); err != nil {
						b.Fatal(err)
					}
				}
				step := 0
				update := func() time.Duration {
					step++
					begin := time.Now()
					if u, err := sparse.Update(step); err != nil || u.Skipped {
						b.Fatal(u, err)
					}
					return time.Since(begin)
				}
				for range 3 {
					update()
				}
				from, to := make([]float32, total), make([]float32, total)
				for i := range from { // Else its pages are all the same.
					from[i], to[i] = float32(i), 1
				}
				var updates, copies, cores []time.Duration
				var peaks []float64
				for b.Loop() {
					begin := time.Now()
					copy(to, from)
					copies = append(copies, time.Since(begin))
					debug.FreeOSMemory()
					before := resetPeak(b)
					busy := cpuTime(b)
					updates = append(updates, update())
					cores = append(cores, cpuTime(b)-busy)
					peaks = append(peaks, float64(memory(b, "VmHWM")-before)/float64(total))
				}
				u, c := median(updates), median(copies)
				b.ReportMetric(u.Seconds()*1e3, "update-ms")
				b.ReportMetric(median(cores).Seconds()*1e3, "cpu-ms")
				b.ReportMetric(u.Seconds()/c.Seconds(), "update/copy")
				slices.Sort(peaks)
				b.ReportMetric(peaks[len(peaks)/2], "peak-bytes/weight")
			})
		}
	}
}

// cpuTime is how long cores have worked for the process so far.
func cpuTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// resetPeak forgets the process's peak of memory, and returns what it has now, in bytes.
func resetPeak(b *testing.B) int {
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		b.Skip("no account of memory:", err)
	}
	return memory(b, "VmRSS")
}

// memory returns an entry of /proc/self/status, in bytes.
func memory(b *testing.B, entry string) int {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Skip("no account of memory:", err)
	}
	kB, err := strconv.Atoi(string(regexp.MustCompile(entry + `:\s*(\d+)`).FindSubmatch(status)[1]))
	if err != nil {
		b.Fatal(err)
	}
	return kB << 10
}
