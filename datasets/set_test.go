package datasets_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/sparsekernel/sparsekernel/datasets"
	"github.com/stretchr/testify/require"
)

func TestOpen(t *testing.T) {
	require.Equal(t, []string{"cifar10", "cifar100", "cifar100-20", "cifar100-coarse", "digits", "fashion-mnist", "ia-email",
		"imagenet", "mnist", "wiki-talk"}, datasets.Names())
	set, err := datasets.Open("digits", "")
	require.NoError(t, err)
	train, test, err := datasets.Digits()
	require.NoError(t, err)
	require.Equal(t, &datasets.Set{Train: train, Test: test}, set)

	_, err = datasets.Open("cifar", "")
	require.ErrorContains(t, err, `unknown data set "cifar": the known ones are cifar10, cifar100,`)
	for _, name := range datasets.Names() {
		if name == "digits" {
			continue
		}
		dir := t.TempDir()
		set, err := datasets.Open(name, dir)
		require.Nil(t, set)
		require.ErrorContains(t, err, fmt.Sprintf("data set %q", name))
		require.ErrorContains(t, err, dir)
	}
}

func TestFetchWithoutNetwork(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, datasets.Fetch(t.Context(), "digits", dir, nil))
	require.ErrorContains(t, datasets.Fetch(t.Context(), "imagenet", dir, nil), "get its files by hand")
	require.ErrorContains(t, datasets.Fetch(t.Context(), "cifar", dir, nil), "unknown data set")

	// Files that are there are left alone.
	for name, size := range map[string]int64{"train-images-idx3-ubyte.gz": 9_912_422, "train-labels-idx1-ubyte.gz": 28_881,
		"t10k-images-idx3-ubyte.gz": 1_648_877, "t10k-labels-idx1-ubyte.gz": 4_542} {
		sparseFile(t, filepath.Join(dir, name), size, nil)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, datasets.Fetch(t.Context(), "mnist", dir, nil))
	require.NoError(t, os.Remove(filepath.Join(dir, "t10k-labels-idx1-ubyte.gz")))
	err := datasets.Fetch(cancelled, "mnist", dir, nil)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "t10k-labels-idx1-ubyte.gz")
}

// What is fetched is known to the last byte, and under the name that Open looks for.
func TestSourcesArePinned(t *testing.T) {
	for name, files := range datasets.Sources() {
		for _, file := range files {
			sum, err := hex.DecodeString(file.SHA256)
			require.NoError(t, err, name)
			require.Len(t, sum, 32)
			require.Positive(t, file.Size)
			require.Equal(t, file.Name, filepath.Base(file.URL))
		}
	}
}

// A run's data: validation examples held out of the training images, and batches that resume anywhere.
func ExampleOpen() {
	set, err := datasets.Open("digits", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	set, err = set.HoldOut(10, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	batches, err := datasets.NewBatches(set.Train, 64, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	training := datasets.Prefetch(batches.StartAt(1000), 2)
	for _, examples := range []datasets.Examples{set.Train, set.Valid, set.Test} {
		fmt.Println(examples.About().Name, examples.About().Len())
	}
	for batch, err := range training.Iter() {
		fmt.Println(batch.Inputs[0].Shape(), err)
		break
	}
	// Output:
	// digits-train 1293
	// digits-valid 144
	// digits-test 360
	// (Float32)[64, 8, 8, 1] <nil>
}
