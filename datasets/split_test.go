package datasets_test

import (
	"testing"

	"github.com/sparsekernel/sparsekernel/datasets"
	"github.com/stretchr/testify/require"
)

// numbered returns a split of n images of 2×3×1, the i-th of which holds the bytes 6i to 6i+5 (mod 256) and has the label
// i. A full pixel is 1, so that inputs are these numbers.
func numbered(n int) *datasets.Split {
	s := &datasets.Split{Info: datasets.Info{Name: "numbered", Shape: []int{2, 3, 1}, Classes: n}, White: 1}
	for i := range n {
		for j := range 6 {
			s.Pixels = append(s.Pixels, byte(6*i+j))
		}
		s.Labels = append(s.Labels, int32(i))
	}
	return s
}

func TestSplitImage(t *testing.T) {
	s := numbered(3)
	require.Equal(t, 3, s.Len())
	require.Equal(t, []float32{6, 7, 8, 9, 10, 11}, s.Image(1))
	s.White = 0
	require.Equal(t, []float32{0, 1. / 255, 2. / 255, 3. / 255, 4. / 255, 5. / 255}, s.Image(0))
}

func TestSplitNormalize(t *testing.T) {
	s := &datasets.Split{Pixels: []byte{0, 255, 51, 102}, Normalize: datasets.Normalization{Mean: []float32{0.2, 0.5}, Std: []float32{0.1, 0.25}}}
	s.Info = datasets.Info{Name: "normalized", Shape: []int{1, 2, 2}, Classes: 1, Labels: []int32{0}}
	require.NoError(t, s.Validate())
	require.InDeltaSlice(t, []float32{-2, 2, 0, -0.4}, s.Image(0), 1e-6)
}

func TestSplitValidate(t *testing.T) {
	require.NoError(t, numbered(3).Validate())
	cases := map[string]struct {
		spoil func(s *datasets.Split)
		want  string
	}{
		"short name":     {func(s *datasets.Split) { s.Name = "ab" }, `"ab": the name needs at least 3`},
		"no images":      {func(s *datasets.Split) { s.Labels = nil }, "there are none"},
		"flat":           {func(s *datasets.Split) { s.Shape[2] = 0 }, "the shape of an input is [2 3 0]"},
		"no channels":    {func(s *datasets.Split) { s.Shape = s.Shape[:2] }, "the shape of an image is [2 3]"},
		"missing values": {func(s *datasets.Split) { s.Pixels = s.Pixels[1:] }, "3 labels and 17 pixel values, want 18"},
		"label too high": {func(s *datasets.Split) { s.Labels[1] = 3 }, "label of example 1 is 3, want 0 to 2"},
		"label negative": {func(s *datasets.Split) { s.Labels[2] = -1 }, "label of example 2 is -1, want 0 to 2"},
		"few names":      {func(s *datasets.Split) { s.ClassNames = []string{"a"} }, "1 names for 3 classes"},
		"wide padding":   {func(s *datasets.Split) { s.Augment.Pad = 2 }, "pads by 2, want 0 to 1 for images of 2 by 3"},
		"few means": {func(s *datasets.Split) { s.Normalize.Std = []float32{1} },
			"0 means and 1 standard deviations, want 1 each"},
		"no deviation": {func(s *datasets.Split) { s.Normalize = datasets.Normalization{Mean: []float32{0}, Std: []float32{0}} },
			"deviation of channel 0 is 0"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := numbered(3)
			c.spoil(s)
			require.ErrorContains(t, s.Validate(), c.want)
			_, err := datasets.NewBatches(s, 1, 0)
			require.ErrorContains(t, err, c.want)
			_, err = datasets.NewEvaluation(s, 1)
			require.ErrorContains(t, err, c.want)
		})
	}
}
