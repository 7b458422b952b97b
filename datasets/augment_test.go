package datasets_test

import (
	"fmt"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/dataset"
	"github.com/sparsekernel/sparsekernel/backends"
	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/datasets"
	"github.com/stretchr/testify/require"
)

// grid returns n images of 5×7×2 whose values, from 1, say which image, row, column and channel they are of.
func grid(n int, augment datasets.CropFlip) *datasets.Split {
	s := &datasets.Split{Info: datasets.Info{Name: "grid", Shape: []int{5, 7, 2}, Classes: 1, Labels: make([]int32, n)}, White: 1, Augment: augment}
	for i := range n * 70 {
		s.Pixels = append(s.Pixels, byte(1+i%70))
	}
	return s
}

func inputs(t testing.TB, examples datasets.Examples, draws []uint32) []float32 {
	positions := make([]int, len(draws))
	x, err := examples.Inputs(positions, draws)
	require.NoError(t, err)
	return tensors.MustCopyFlatData[float32](x)
}

var augmentations = []datasets.CropFlip{
	{}, {Flip: true}, {Pad: 2}, {Pad: 4}, {Pad: 3, Reflect: true}, {Pad: 4, Flip: true}, {Pad: 4, Reflect: true, Flip: true},
}

// shifted pads and crops the first image of a grid the slow way: draw by draw, a shift and a flip.
func shifted(s *datasets.Split, down, right int, flip bool) []float32 {
	padded := func(i, size int) (at int, black bool) {
		switch {
		case !s.Augment.Reflect:
			return i, i < 0 || i >= size
		case i < 0:
			return -i, false
		case i >= size:
			return 2*size - 2 - i, false
		}
		return i, false
	}
	out := make([]float32, 70)
	for y := range 5 {
		for x := range 7 {
			row, above := padded(y+down, 5)
			column, beside := padded(x+right, 7)
			if flip {
				column = 6 - column
			}
			for c := range 2 {
				if !above && !beside {
					out[(y*7+x)*2+c] = s.Image(0)[(row*7+column)*2+c]
				}
			}
		}
	}
	return out
}

// Every result is one of the shifts and flips that are asked for, and all of them occur about equally often.
func TestCropFlipPlaces(t *testing.T) {
	for _, augment := range augmentations {
		t.Run(fmt.Sprintf("%+v", augment), func(t *testing.T) {
			s := grid(1, augment)
			require.NoError(t, s.Validate())
			flips := []bool{false}
			if augment.Flip {
				flips = append(flips, true)
			}
			counts, ways := map[string]int{}, map[string]int{} // with reflection, two ways may give the same image
			for down := -augment.Pad; down <= augment.Pad; down++ {
				for right := -augment.Pad; right <= augment.Pad; right++ {
					for _, flip := range flips {
						ways[fmt.Sprint(shifted(s, down, right, flip))]++
					}
				}
			}
			const each = 60
			draws := make([]uint32, each*(2*augment.Pad+1)*(2*augment.Pad+1)*len(flips))
			for i := range draws {
				draws[i] = uint32(i) * 2654435761
			}
			images := inputs(t, s, draws)
			for i := range draws {
				key := fmt.Sprint(images[i*70 : (i+1)*70])
				require.Contains(t, ways, key, "draw %d gives %v", draws[i], images[i*70:(i+1)*70])
				counts[key]++
			}
			for key, n := range ways {
				require.InDelta(t, each*n, counts[key], each*0.75)
			}
		})
	}
}

func TestCropFlipHostIsDevice(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		for _, augment := range augmentations {
			batches, err := datasets.NewBatches(grid(20, augment), 13, 3)
			require.NoError(t, err)
			onDevice := dataset.Map(backend, batches.WithDraws(), func(b dataset.GraphBatch) dataset.GraphBatch {
				b.Inputs = []*graph.Node{augment.Graph(b.Inputs[0], b.Inputs[1])}
				return b
			})
			step := 0
			for batch, err := range onDevice.Iter() {
				require.NoError(t, err)
				onHost, err := batches.At(step)
				require.NoError(t, err)
				require.True(t, onHost.Inputs[0].Equal(batch.Inputs[0]), "%+v, step %d", augment, step)
				require.True(t, onHost.Labels[0].Equal(batch.Labels[0]))
				if step++; step == 3 {
					break
				}
			}
		}
	})
}

func TestNormalizationHostIsDevice(t *testing.T) {
	plain, normalized := grid(1, datasets.CropFlip{}), grid(1, datasets.CropFlip{})
	normalize := datasets.Normalization{Mean: []float32{10, 20}, Std: []float32{3, 7}}
	normalized.Normalize = normalize
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		image := tensors.FromFlatDataAndDimensions(plain.Image(0), 1, 5, 7, 2)
		got := graph.MustExecOnce(backend, normalize.Graph, image)
		require.InDeltaSlice(t, normalized.Image(0), tensors.MustCopyFlatData[float32](got), 1e-5)
		same := graph.MustExecOnce(backend, datasets.Normalization{}.Graph, image)
		require.Equal(t, plain.Image(0), tensors.MustCopyFlatData[float32](same))
	})
}

func TestGraphErrors(t *testing.T) {
	backend := backendtest.One(t)
	draws := tensors.FromValue([]uint32{1})
	for want, images := range map[string]*tensors.Tensor{
		"images [batch, height, width, channels]": tensors.FromScalarAndDimensions(float32(0), 1, 5, 7),
		"draws Uint32 [batch]":                    tensors.FromScalarAndDimensions(float32(0), 2, 5, 7, 1),
		"pads by 4, want 0 to 3":                  tensors.FromScalarAndDimensions(float32(0), 1, 4, 7, 1),
	} {
		_, err := graph.CallOnce(backend, datasets.CropFlip{Pad: 4}.Graph, images, draws)
		require.ErrorContains(t, err, want)
	}
	normalize := datasets.Normalization{Mean: []float32{1}, Std: []float32{1}}
	_, err := graph.CallOnce(backend, normalize.Graph, tensors.FromScalarAndDimensions(float32(0), 1, 2))
	require.ErrorContains(t, err, "want 2 each")
}

// Batches augment, evaluations do not, and the same step gives the same bits in another process and version.
func TestAugmentationIsFixed(t *testing.T) {
	s := grid(6, datasets.CropFlip{Pad: 4, Reflect: true, Flip: true})
	batches, err := datasets.NewBatches(s, 2, 7)
	require.NoError(t, err)
	first := func(step int) []float32 {
		batch, err := batches.At(step)
		require.NoError(t, err)
		return tensors.MustCopyFlatData[float32](batch.Inputs[0])[:4]
	}
	require.Equal(t, [][]float32{{5, 6, 3, 4}, {37, 38, 35, 36}, {33, 34, 31, 32}}, [][]float32{first(0), first(1), first(1000)})
	evaluation, err := datasets.NewEvaluation(s, 6)
	require.NoError(t, err)
	for batch, err := range evaluation.Iter() {
		require.NoError(t, err)
		require.Equal(t, s.Image(0), tensors.MustCopyFlatData[float32](batch.Inputs[0])[:70])
	}
}

// An image comes back in another place in the next epoch.
func TestAugmentationChangesByEpoch(t *testing.T) {
	batches, err := datasets.NewBatches(grid(1, datasets.CropFlip{Pad: 4, Flip: true}), 1, 1)
	require.NoError(t, err)
	seen := map[string]bool{}
	for epoch := range 50 {
		batch, err := batches.At(epoch)
		require.NoError(t, err)
		seen[fmt.Sprint(tensors.MustCopyFlatData[float32](batch.Inputs[0]))] = true
	}
	require.Greater(t, len(seen), 30)
}

// What augmentation costs: a batch of CIFAR's size on the host, and the graph on both backends.
func BenchmarkCropFlip(b *testing.B) {
	augment := datasets.CropFlip{Pad: 4, Reflect: true, Flip: true}
	s := &datasets.Split{Info: datasets.Info{Name: "cifar", Shape: []int{32, 32, 3}, Classes: 1, Labels: make([]int32, 1280)}}
	s.Pixels = make([]byte, s.Len()*s.Size())
	batches, err := datasets.NewBatches(s, 128, 1)
	require.NoError(b, err)
	host := func(b *testing.B) {
		for step := range b.N {
			batch, err := batches.At(step)
			require.NoError(b, err)
			require.NoError(b, batch.Finalize())
		}
	}
	b.Run("host/none", host)
	s.Augment = augment
	b.Run("host/crop-flip", host)
	for _, name := range []string{"xla", "go"} {
		b.Run("device/"+name, func(b *testing.B) {
			batch, err := batches.WithDraws().At(0)
			require.NoError(b, err)
			exec := graph.MustNewExec(backendtest.Get(b, name), augment.Graph)
			for range b.N {
				exec.MustCall(batch.Inputs[0], batch.Inputs[1])[0].MustFinalizeAll()
			}
		})
	}
}

// Augmentation on the device, before the model and without changing it.
func ExampleCropFlip_Graph() {
	digits, _, err := datasets.Digits()
	if err != nil {
		fmt.Println(err)
		return
	}
	batches, err := datasets.NewBatches(digits, 64, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	backend, err := backends.Open("go")
	if err != nil {
		fmt.Println(err)
		return
	}
	augment := datasets.CropFlip{Pad: 1}
	augmented := dataset.Map(backend, batches.WithDraws(), func(b dataset.GraphBatch) dataset.GraphBatch {
		b.Inputs = []*graph.Node{augment.Graph(b.Inputs[0], b.Inputs[1])}
		return b
	})
	for batch, err := range augmented.Iter() {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(len(batch.Inputs), batch.Inputs[0].Shape())
		break
	}
	// Output:
	// 1 (Float32)[64, 8, 8, 1]
}
