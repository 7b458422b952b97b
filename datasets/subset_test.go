package datasets_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/sparsekernel/sparsekernel/datasets"
	"github.com/stretchr/testify/require"
)

func TestSubset(t *testing.T) {
	all := numbered(10)
	part, err := datasets.Subset(all, "part", []int{7, 2, 2})
	require.NoError(t, err)
	require.Equal(t, "part", part.About().Name)
	require.Equal(t, []int32{7, 2, 2}, part.About().Labels)
	require.Equal(t, "numbered", all.Name)
	x, err := part.Inputs([]int{2, 0}, nil)
	require.NoError(t, err)
	require.Equal(t, slices.Concat(all.Image(2), all.Image(7)), tensors.MustCopyFlatData[float32](x))

	inner, err := datasets.Subset(part, "inner", []int{0})
	require.NoError(t, err)
	x, err = inner.Inputs([]int{0}, nil)
	require.NoError(t, err)
	require.Equal(t, all.Image(7), tensors.MustCopyFlatData[float32](x))

	for _, position := range []int{-1, 10} {
		_, err = datasets.Subset(all, "part", []int{0, position})
		require.ErrorContains(t, err, "want 0 to 9")
	}
	all.Pixels = nil // what is wrong with the whole is wrong with the part
	_, err = datasets.NewBatches(inner, 1, 0)
	require.ErrorContains(t, err, "pixel values")
}

func TestOfClasses(t *testing.T) {
	all := numbered(6)
	all.Labels, all.Classes, all.ClassNames = []int32{0, 1, 2, 2, 1, 0}, 3, []string{"a", "b", "c"}
	part, err := datasets.OfClasses(all, "part", 2, 0)
	require.NoError(t, err)
	about := part.About()
	require.Equal(t, []string{"c", "a"}, about.ClassNames)
	require.Equal(t, 2, about.Classes)
	require.Equal(t, []int32{1, 0, 0, 1}, about.Labels)
	require.NoError(t, about.Validate())
	x, err := part.Inputs([]int{1}, nil)
	require.NoError(t, err)
	require.Equal(t, all.Image(2), tensors.MustCopyFlatData[float32](x))

	_, err = datasets.OfClasses(all, "part", 3)
	require.ErrorContains(t, err, "class is 3, want 0 to 2")
	_, err = datasets.OfClasses(all, "part", 1, 1)
	require.ErrorContains(t, err, "class 1 is given twice")
}

func TestHoldOut(t *testing.T) {
	labels := make([]int32, 1003)
	for i := range labels {
		labels[i] = int32(i % 7 % 3)
	}
	rest, held := datasets.HoldOut(labels, 10, 1)
	require.True(t, slices.IsSorted(rest) && slices.IsSorted(held))
	both := slices.Sorted(slices.Values(slices.Concat(rest, held)))
	require.Len(t, both, len(labels))
	require.Len(t, slices.Compact(both), len(labels), "every example is in one of them, once")
	count := func(positions []int) (n [3]float64) {
		for _, i := range positions {
			n[labels[i]]++
		}
		return n
	}
	for class, n := range count(held) {
		require.InDelta(t, (n+count(rest)[class])/10, n, 1)
	}
	_, again := datasets.HoldOut(labels, 10, 1)
	require.Equal(t, held, again)
	_, other := datasets.HoldOut(labels, 10, 2)
	require.NotEqual(t, held, other)
}

// Two of the digits, to tell apart.
func ExampleOfClasses() {
	digits, _, err := datasets.Digits()
	if err != nil {
		fmt.Println(err)
		return
	}
	pair, err := datasets.OfClasses(digits, "three-or-eight", 3, 8)
	if err != nil {
		fmt.Println(err)
		return
	}
	about := pair.About()
	fmt.Println(about.Name, about.Len(), "of", digits.Len(), "images in", about.Classes, "classes")
	// Output:
	// three-or-eight 286 of 1437 images in 2 classes
}
