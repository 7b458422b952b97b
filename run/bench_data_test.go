package run

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gomlx/gomlx/ml/train"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/datasets"
)

// timed is a data set that tells how long each of its batches was waited for.
type timed struct {
	train.Dataset
	waits []time.Duration
}

func (d *timed) Iter() iter.Seq2[train.Batch, error] {
	return func(yield func(train.Batch, error) bool) {
		asked := time.Now()
		for batch, err := range d.Dataset.Iter() {
			d.waits = append(d.waits, time.Since(asked))
			if !yield(batch, err) {
				return
			}
			asked = time.Now()
		}
	}
}

// BenchmarkData is the share of training in which the loop waits for batches, in percent: as runs train, with batches
// prepared ahead, and as they would without. The first step, which compiles, and the first batches, for which nothing can be
// done meanwhile, do not count. Each iteration is a piece of training of about ten seconds, by either way.
//
//	SPARSEKERNEL_TEST_DATA=/folder/of/cifar go test ./run -run '^$' -bench BenchmarkData -benchtime 3x
//
// CIFAR-100 is read from cifar-100-binary in that folder (default ../shared/data); images of ImageNet's kind are drawn
// here, JPEG files of 500×375 pixels.
func BenchmarkData(b *testing.B) {
	folder := os.Getenv("SPARSEKERNEL_TEST_DATA")
	if folder == "" {
		folder = filepath.Join("..", "..", "shared", "data")
	}
	folder, err := filepath.Abs(folder)
	require.NoError(b, err)
	for _, work := range []struct {
		model, data, dir string
		batch, steps     int
	}{
		{"mlp", "digits", "", 64, 1000},
		{"lenet5", "cifar100", folder, 128, 100},
		{"resnet18", "cifar100", folder, 128, 5},
		{"resnet50-imagenet", "imagenet", "", 8, 5},
	} {
		b.Run(work.data+"/"+work.model, func(b *testing.B) {
			spec := Default()
			spec.Model, spec.Data, spec.DataDir, spec.Batch = work.model, work.data, work.dir, work.batch
			spec.Steps = 1_000_000
			if work.model == "resnet18" {
				spec.Width = 0.25
			}
			if work.data == "imagenet" {
				spec.DataDir = photographs(b)
			}
			s, err := newSession(context.Background(), backendtest.Get(b, "xla"), spec, nil)
			require.NoError(b, err)
			defer s.close()
			require.NoError(b, s.train(context.Background(), 1))
			const first = prefetched + 1
			share := func(dataset train.Dataset) float64 {
				waiting := &timed{Dataset: dataset}
				s.ctx = context.Background()
				_, err := s.loop.RunSteps(waiting, work.steps+first)
				require.NoError(b, err)
				waited, stepped := time.Duration(0), time.Duration(0)
				for i := first; i < work.steps+first; i++ {
					waited, stepped = waited+waiting.waits[i], stepped+s.loop.TrainStepDurations[i]
				}
				return 100 * waited.Seconds() / (waited + stepped).Seconds()
			}
			var ahead, asked float64
			for b.Loop() {
				batches := s.batches.StartAt(s.at.Step)
				ahead += share(datasets.Prefetch(batches, prefetched))
				asked += share(batches)
			}
			b.ReportMetric(ahead/float64(b.N), "%waiting")
			b.ReportMetric(asked/float64(b.N), "%waiting-unprefetched")
			b.ReportMetric(1000*s.loop.MedianTrainStepDuration().Seconds(), "step-ms")
		})
	}
}

// photographs is a folder of images in ImageNet's layout.
func photographs(b *testing.B) string {
	dir, rng := b.TempDir(), rand.New(rand.NewPCG(1, 2))
	for i := range 64 {
		photograph := image.NewRGBA(image.Rect(0, 0, 500, 375))
		for y := range 375 {
			for x := range 500 {
				noise := rng.IntN(32) // Nothing but noise and smooth shades: about as many bytes as a photograph.
				photograph.Set(x, y, color.RGBA{uint8(x/3 + noise), uint8(y/2 + noise), uint8((x+y)/5 + noise), 255})
			}
		}
		for _, split := range []string{"train", "val"} {
			path := filepath.Join(dir, split, fmt.Sprintf("class%d", i%2), fmt.Sprintf("%d.jpg", i))
			require.NoError(b, os.MkdirAll(filepath.Dir(path), 0o755))
			file, err := os.Create(path)
			require.NoError(b, err)
			require.NoError(b, jpeg.Encode(file, photograph, &jpeg.Options{Quality: 90}))
			require.NoError(b, file.Close())
		}
	}
	return dir
}
