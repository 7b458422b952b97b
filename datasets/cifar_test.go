package datasets_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sparsekernel/sparsekernel/datasets"
	"github.com/stretchr/testify/require"
)

// cifarRecord returns an image whose red, green and blue are those given, all over, but for a red 255 in the first pixel of
// the second row.
func cifarRecord(labels []byte, red, green, blue byte) []byte {
	record := bytes.Clone(labels)
	for _, color := range []byte{red, green, blue} {
		record = append(record, bytes.Repeat([]byte{color}, 1024)...)
	}
	record[len(labels)+32] = 255
	return record
}

func TestReadCIFAR(t *testing.T) {
	file := append(cifarRecord([]byte{19, 99}, 1, 2, 3), cifarRecord([]byte{0, 5}, 4, 5, 6)...)
	pixels, labels, err := datasets.ReadCIFAR(bytes.NewReader(file), datasets.CIFARLabels{20, 100})
	require.NoError(t, err)
	require.Equal(t, [][]int32{{19, 0}, {99, 5}}, labels)
	require.Len(t, pixels, 2*3072)
	require.Equal(t, []byte{1, 2, 3, 1, 2, 3}, pixels[:6])
	require.Equal(t, []byte{255, 2, 3}, pixels[32*3:33*3], "rows come one after the other")
	require.Equal(t, []byte{4, 5, 6}, pixels[2*3072-3:])

	pixels, _, err = datasets.ReadCIFAR(bytes.NewReader(nil), datasets.CIFARLabels{10})
	require.NoError(t, err)
	require.Empty(t, pixels)
	_, _, err = datasets.ReadCIFAR(bytes.NewReader(file[:5000]), datasets.CIFARLabels{20, 100})
	require.ErrorContains(t, err, "offset 5000: the file ends within an image, want 1148 more bytes")
	file[3074+1] = 100
	_, _, err = datasets.ReadCIFAR(bytes.NewReader(file), datasets.CIFARLabels{20, 100})
	require.ErrorContains(t, err, "offset 3075: label is 100, want 0 to 99")
}

func FuzzReadCIFAR(f *testing.F) {
	f.Add(cifarRecord([]byte{1, 2}, 3, 4, 5))
	f.Add(append(cifarRecord([]byte{19, 99}, 1, 2, 3), 7))
	f.Fuzz(func(t *testing.T, file []byte) {
		pixels, labels, err := datasets.ReadCIFAR(bytes.NewReader(file), datasets.CIFARLabels{20, 100})
		if err != nil {
			require.Nil(t, pixels)
			return
		}
		require.Zero(t, len(file)%3074)
		require.Len(t, labels[1], len(file)/3074)
		var again []byte // what was read says all that is in the file
		for i := range labels[0] {
			again = append(again, byte(labels[0][i]), byte(labels[1][i]))
			for c := range 3 {
				for k := range 1024 {
					again = append(again, pixels[i*3072+3*k+c])
				}
			}
		}
		require.True(t, bytes.Equal(file, again))
	})
}

// ofFullSize marks a test that reads files of 180 MB, as slow as that is with the race detector.
func ofFullSize(t *testing.T) {
	if testing.Short() {
		t.Skip("reads files of full size")
	}
}

// sparseFile makes a file of the given size that is zero but for a beginning, without writing all of it.
func sparseFile(t testing.TB, path string, size int64, beginning []byte) {
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, beginning, 0o644))
	require.NoError(t, os.Truncate(path, size))
}

// cifar10 returns a folder with black images but for the first of each file, whose label is the number of the batch.
func cifar10(t testing.TB, folder string) (dir string) {
	dir = t.TempDir()
	for i, name := range []string{"test_batch.bin", "data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"} {
		sparseFile(t, filepath.Join(dir, folder, name), 10_000*3073, cifarRecord([]byte{byte(i)}, byte(10+i), 20, 30))
	}
	names := []byte("airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n")
	require.NoError(t, os.WriteFile(filepath.Join(dir, folder, "batches.meta.txt"), names, 0o644))
	return dir
}

func TestCIFAR10(t *testing.T) {
	ofFullSize(t)
	for _, folder := range []string{"", "cifar-10-batches-bin"} {
		set, err := datasets.Open("cifar10", cifar10(t, folder))
		require.NoError(t, err)
		train, test := set.Train.(*datasets.Split), set.Test.(*datasets.Split)
		require.NoError(t, train.Validate())
		require.NoError(t, test.Validate())
		require.Equal(t, 50_000, train.Len())
		require.Equal(t, 10_000, test.Len())
		for i := range 5 { // batches follow each other in order
			require.Equal(t, int32(i+1), train.Labels[i*10_000])
			require.Equal(t, []byte{byte(11 + i), 20, 30}, train.Pixels[i*10_000*3072:][:3])
		}
		require.Equal(t, "truck", test.ClassNames[9])
		require.Equal(t, datasets.CropFlip{Pad: 4, Reflect: true, Flip: true}, train.Augment)
		require.Zero(t, test.Augment)

		// The recipe's 45,000 and 5,000.
		divided, err := set.HoldOut(10, 1)
		require.NoError(t, err)
		require.Equal(t, 45_000, divided.Train.About().Len())
		require.Equal(t, 5_000, divided.Valid.About().Len())
		require.Equal(t, "cifar10-train", divided.Train.About().Name)
		require.Equal(t, "cifar10-valid", divided.Valid.About().Name)
		again, err := divided.HoldOut(10, 2)
		require.NoError(t, err)
		require.Same(t, divided, again)
		_, err = set.HoldOut(1, 1)
		require.ErrorContains(t, err, "want one in 2 or more")
	}
}

func TestCIFAR10Errors(t *testing.T) {
	ofFullSize(t)
	for name, c := range map[string]struct {
		spoil func(dir string) error
		want  string
	}{
		"cut between images": {func(dir string) error { return os.Truncate(filepath.Join(dir, "data_batch_2.bin"), 9_999*3073) },
			"data_batch_2.bin: offset 30726927: the file ends after 9999 images, want 10000"},
		"cut within an image": {func(dir string) error { return os.Truncate(filepath.Join(dir, "test_batch.bin"), 100) },
			"test_batch.bin: offset 100: the file ends within an image"},
		"too long": {func(dir string) error { return os.Truncate(filepath.Join(dir, "test_batch.bin"), 10_002*3073) },
			"test_batch.bin: offset 30730000: the file goes on after 10000 images"},
		"missing": {func(dir string) error { return os.Remove(filepath.Join(dir, "data_batch_5.bin")) }, "data_batch_5.bin"},
		"nothing": {func(dir string) error { return os.Remove(filepath.Join(dir, "data_batch_1.bin")) },
			"has none of data_batch_1.bin, cifar-10-batches-bin/data_batch_1.bin and cifar-10-binary.tar.gz"},
		"names": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "batches.meta.txt"), []byte("a b"), 0o644)
		},
			"batches.meta.txt: 2 names of classes, want 10"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := cifar10(t, "")
			require.NoError(t, c.spoil(dir))
			_, _, err := datasets.CIFAR10(dir)
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, dir)
		})
	}
}

// cifar100Archive returns an archive as the official one, of black images but for the first.
func cifar100Archive(t testing.TB, without string) []byte {
	var names strings.Builder
	for i := range 100 {
		names.WriteString("class" + string(rune('a'+i%26)) + string(rune('a'+i/26)) + "\n")
	}
	var file bytes.Buffer
	zipper, err := gzip.NewWriterLevel(&file, gzip.BestSpeed)
	require.NoError(t, err)
	archive := tar.NewWriter(zipper)
	first := cifarRecord([]byte{3, 42}, 7, 8, 9)
	for _, entry := range []struct {
		name string
		data []byte
		size int
	}{
		{"test.bin", first, 10_000 * 3074}, // not in the order in which they are read
		{"train.bin", first, 50_000 * 3074},
		{"fine_label_names.txt", []byte(names.String()), names.Len()},
		{"coarse_label_names.txt", []byte(names.String()[:20*8]), 20 * 8},
	} {
		if entry.name == without {
			continue
		}
		require.NoError(t, archive.WriteHeader(&tar.Header{Name: "cifar-100-binary/" + entry.name, Size: int64(entry.size), Mode: 0o644}))
		_, err := archive.Write(entry.data)
		require.NoError(t, err)
		_, err = archive.Write(make([]byte, entry.size-len(entry.data)))
		require.NoError(t, err)
	}
	require.NoError(t, archive.Close())
	require.NoError(t, zipper.Close())
	return file.Bytes()
}

func TestCIFAR100Archive(t *testing.T) {
	ofFullSize(t)
	archive := cifar100Archive(t, "")
	dir := write(t, map[string][]byte{"cifar-100-binary.tar.gz": archive})
	for name, want := range map[string]struct {
		label   int32
		classes int
	}{"cifar100": {42, 100}, "cifar100-coarse": {3, 20}} {
		set, err := datasets.Open(name, dir)
		require.NoError(t, err)
		for _, s := range []*datasets.Split{set.Train.(*datasets.Split), set.Test.(*datasets.Split)} {
			require.NoError(t, s.Validate())
			require.Equal(t, want.label, s.Labels[0])
			require.Equal(t, want.classes, s.Classes)
			require.Len(t, s.ClassNames, want.classes)
			require.Equal(t, []byte{7, 8, 9}, s.Pixels[:3])
		}
		require.Equal(t, 50_000, set.Train.About().Len())
		require.Equal(t, 10_000, set.Test.About().Len())
	}
	for want, data := range map[string][]byte{
		"the archive has no fine_label_names.txt": cifar100Archive(t, "fine_label_names.txt"),
		"cifar-100-binary/train.bin: offset":      archive[:len(archive)/2],
		"truncated or altered":                    []byte("not an archive"),
	} {
		_, _, err := datasets.CIFAR100(write(t, map[string][]byte{"cifar-100-binary.tar.gz": data}))
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "cifar-100-binary.tar.gz")
	}
}
