package datasets_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/sparsekernel/sparsekernel/datasets"
	"github.com/stretchr/testify/require"
)

// idx returns an IDX file of bytes.
func idx(values []byte, dims ...uint32) []byte {
	file := []byte{0, 0, 8, byte(len(dims))}
	for _, dim := range dims {
		file = binary.BigEndian.AppendUint32(file, dim)
	}
	return append(file, values...)
}

func TestReadIDX(t *testing.T) {
	values := []byte{1, 2, 3, 4, 5, 6}
	for _, file := range [][]byte{idx(values, 2, 3), zipped(string(idx(values, 2, 3)))} {
		dims, got, err := datasets.ReadIDX(bytes.NewReader(file))
		require.NoError(t, err)
		require.Equal(t, []int{2, 3}, dims)
		require.Equal(t, values, got)
	}
}

func TestReadIDXErrors(t *testing.T) {
	good := idx([]byte{1, 2, 3, 4, 5, 6}, 2, 3)
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty":         {nil, "offset 0: want 4 bytes"},
		"text":          {[]byte("hello"), "offset 0: 68656c is not the beginning of an IDX file"},
		"floats":        {[]byte{0, 0, 0x0D, 1}, "want 000008"},
		"no dimensions": {[]byte{0, 0, 8, 0}, "offset 3: 0 dimensions, want 1 to 4"},
		"cut header":    {good[:9], "offset 9: want dimension 2 of 2"},
		"huge":          {idx(nil, 1<<31, 1<<31), "offset 8: dimensions [2147483648 2147483648]"},
		"none":          {idx(nil, 0, 3), "offset 4: dimensions [0]"},
		"cut":           {good[:15], "offset 15: the file ends, want 3 more bytes"},
		"too long":      {append(bytes.Clone(good), 7), "offset 18: bytes follow"},
		"cut gzip":      {zipped(string(good))[:20], "truncated or altered"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := datasets.ReadIDX(bytes.NewReader(c.file))
			require.ErrorContains(t, err, c.want)
		})
	}
}

func FuzzReadIDX(f *testing.F) {
	f.Add(idx([]byte{1, 2, 3, 4, 5, 6}, 2, 3))
	f.Add(idx([]byte{1}, 1, 1, 1, 1))
	f.Add(zipped(string(idx([]byte{1, 2}, 2))))
	f.Fuzz(func(t *testing.T, file []byte) {
		dims, values, err := datasets.ReadIDX(bytes.NewReader(file))
		if err != nil {
			require.Nil(t, values)
			return
		}
		var sizes []uint32
		for _, dim := range dims {
			sizes = append(sizes, uint32(dim))
		}
		dimsAgain, again, err := datasets.ReadIDX(bytes.NewReader(idx(values, sizes...)))
		require.NoError(t, err)
		require.Equal(t, dims, dimsAgain)
		require.Equal(t, values, again)
	})
}

// write writes files into a new folder.
func write(t testing.TB, files map[string][]byte) (dir string) {
	dir = t.TempDir()
	for name, data := range files {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, data, 0o644))
	}
	return dir
}

func TestMNIST(t *testing.T) {
	pixels := make([]byte, 3*28*28)
	for i := range pixels {
		pixels[i] = byte(i)
	}
	files := map[string][]byte{
		"train-images-idx3-ubyte.gz": zipped(string(idx(pixels, 3, 28, 28))),
		"train-labels-idx1-ubyte":    idx([]byte{9, 0, 4}, 3),
		"t10k-images-idx3-ubyte":     idx(pixels[:28*28], 1, 28, 28),
		"t10k-labels-idx1-ubyte.gz":  zipped(string(idx([]byte{7}, 1))),
	}
	train, test, err := datasets.MNIST(write(t, files))
	require.NoError(t, err)
	require.NoError(t, train.Validate())
	require.NoError(t, test.Validate())
	require.Equal(t, []int32{9, 0, 4}, train.Labels)
	require.Equal(t, []int32{7}, test.Labels)
	require.Equal(t, pixels, train.Pixels)
	require.InDelta(t, (5./255-0.1307)/0.3081, train.Image(0)[5], 1e-6)

	set, err := datasets.Open("fashion-mnist", write(t, files))
	require.NoError(t, err)
	require.Equal(t, "fashion-mnist-train", set.Train.About().Name)
	require.Equal(t, "Ankle boot", set.Train.About().ClassNames[9])

	for name, c := range map[string]struct {
		file string
		data []byte
		want string
	}{
		"label":      {"train-labels-idx1-ubyte", idx([]byte{1, 10, 2}, 3), "train-labels-idx1-ubyte: offset 9: label is 10, want 0 to 9"},
		"number":     {"t10k-labels-idx1-ubyte.gz", idx([]byte{1, 2}, 2), "has dimensions [1 28 28] and t10k-labels-idx1-ubyte has [2]"},
		"image size": {"t10k-images-idx3-ubyte", idx(make([]byte, 64), 1, 8, 8), "are 8 by 8, want 28 by 28"},
		"cut":        {"t10k-images-idx3-ubyte", files["t10k-images-idx3-ubyte"][:100], "t10k-images-idx3-ubyte: offset 100: the file ends, want 700 more"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := write(t, files)
			require.NoError(t, os.WriteFile(filepath.Join(dir, c.file), c.data, 0o644))
			_, _, err := datasets.MNIST(dir)
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, dir)
		})
	}
	_, _, err = datasets.MNIST(t.TempDir())
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "train-images-idx3-ubyte.gz")
}
