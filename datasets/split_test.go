package datasets_test

import (
	"testing"

	"github.com/sparsekernel/sparsekernel/datasets"
	"github.com/stretchr/testify/require"
)

// numbered returns a split of n images of 2×3×1, the i-th of which holds 6i to 6i+5 and has the label i.
func numbered(n int) *datasets.Split {
	s := &datasets.Split{Name: "numbered", Shape: [3]int{2, 3, 1}, Classes: n}
	for i := range n {
		for j := range 6 {
			s.Images = append(s.Images, float32(6*i+j))
		}
		s.Labels = append(s.Labels, int32(i))
	}
	return s
}

func TestSplitImage(t *testing.T) {
	s := numbered(3)
	require.Equal(t, 3, s.Len())
	require.Equal(t, []float32{6, 7, 8, 9, 10, 11}, s.Image(1))
}

func TestSplitValidate(t *testing.T) {
	require.NoError(t, numbered(3).Validate())
	cases := map[string]struct {
		spoil func(s *datasets.Split)
		want  string
	}{
		"short name":     {func(s *datasets.Split) { s.Name = "ab" }, `"ab": the name needs at least 3`},
		"no images":      {func(s *datasets.Split) { s.Labels = nil }, "no images"},
		"flat":           {func(s *datasets.Split) { s.Shape[2] = 0 }, "image shape is [2 3 0]"},
		"missing values": {func(s *datasets.Split) { s.Images = s.Images[1:] }, "3 labels and 17 image values, want 18"},
		"label too high": {func(s *datasets.Split) { s.Labels[1] = 3 }, "label of image 1 is 3, want 0 to 2"},
		"label negative": {func(s *datasets.Split) { s.Labels[2] = -1 }, "label of image 2 is -1, want 0 to 2"},
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
