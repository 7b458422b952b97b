package datasets_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/sparsekernel/sparsekernel/datasets"
	"github.com/stretchr/testify/require"
)

func TestDigits(t *testing.T) {
	train, test, err := datasets.Digits()
	require.NoError(t, err)
	require.NoError(t, train.Validate())
	require.NoError(t, test.Validate())
	require.Equal(t, 1437, train.Len())
	require.Equal(t, 360, test.Len())

	file, err := os.Open("digits.csv.gz")
	require.NoError(t, err)
	defer file.Close()
	all, err := datasets.ReadDigits(file)
	require.NoError(t, err)
	require.Equal(t, 1797, all.Len())

	// Each image of the file is in one of the splits, once, under its own label.
	labelOf := map[[64]float32]int32{}
	for _, part := range []*datasets.Split{train, test} {
		for i := range part.Len() {
			image := [64]float32(part.Image(i))
			_, twice := labelOf[image]
			require.False(t, twice, "image %d of %s", i, part.Name)
			labelOf[image] = part.Labels[i]
		}
	}
	require.Len(t, labelOf, all.Len())
	for i := range all.Len() {
		label, found := labelOf[[64]float32(all.Image(i))]
		require.True(t, found)
		require.Equal(t, all.Labels[i], label)
	}
	for i := range all.Len() {
		for _, pixel := range all.Image(i) {
			require.True(t, pixel >= 0 && pixel <= 1)
		}
	}

	// A fifth of each class is for testing.
	perClass := func(s *datasets.Split) (counts [10]int) {
		for _, label := range s.Labels {
			counts[label]++
		}
		return counts
	}
	inTrain, inTest := perClass(train), perClass(test)
	for class := range inTest {
		require.InDelta(t, float64(inTrain[class]+inTest[class])/5, inTest[class], 1, "class %d", class)
	}
}

// Published accuracies depend on the division, which therefore must never change.
func TestDigitsDivisionIsFixed(t *testing.T) {
	train, test, err := datasets.Digits()
	require.NoError(t, err)
	checksum := func(s *datasets.Split) string {
		hash := sha256.New()
		for i := range s.Len() {
			for _, pixel := range s.Image(i) {
				hash.Write([]byte{byte(pixel * 16)})
			}
			hash.Write([]byte{byte(s.Labels[i])})
		}
		return hex.EncodeToString(hash.Sum(nil)[:8])
	}
	require.Equal(t, "dc0a279d2a2fa02d", checksum(train))
	require.Equal(t, "60fa36603f1a2d91", checksum(test))
}

func TestReadDigitsErrors(t *testing.T) {
	good := strings.Repeat("0,", 64) + "7\n"
	replaced := func(column int, value string) string {
		columns := strings.Split(strings.TrimSpace(good), ",")
		columns[column-1] = value
		return strings.Join(columns, ",") + "\n"
	}
	cases := map[string]struct {
		file []byte
		want string
	}{
		"no bytes":         {nil, "not a gzip file"},
		"not gzip":         {[]byte(good), "not a gzip file"},
		"no lines":         {zipped(""), "empty, want lines of 65 integers"},
		"long line":        {zipped(good + strings.Repeat("0,", 600)), "line 2 (the file is truncated, altered, or has a line"},
		"too few columns":  {zipped(good + good[2:]), "line 2: 64 columns, want 65"},
		"too many columns": {zipped(good + good + "0," + good), "line 3: 66 columns, want 65"},
		"blank line":       {zipped(good + "\n" + good), "line 2: 1 columns, want 65"},
		"pixel too high":   {zipped(good + replaced(12, "17")), `line 2: column 12: pixel is "17", want an integer from 0 to 16`},
		"pixel negative":   {zipped(replaced(1, "-1")), `line 1: column 1: pixel is "-1", want an integer from 0 to 16`},
		"pixel fractional": {zipped(replaced(64, "1.5")), `line 1: column 64: pixel is "1.5", want an integer from 0 to 16`},
		"pixel missing":    {zipped(replaced(2, "")), `line 1: column 2: pixel is "", want an integer from 0 to 16`},
		"label too high":   {zipped(replaced(65, "10")), `line 1: column 65: label is "10", want an integer from 0 to 9`},
		"label a word":     {zipped(replaced(65, "seven")), `line 1: column 65: label is "seven", want an integer from 0 to 9`},
		"too many lines":   {zipped(strings.Repeat(good, 100_001)), "more than 100000 lines"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := datasets.ReadDigits(bytes.NewReader(c.file))
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestReadDigitsTruncated(t *testing.T) {
	file, err := os.ReadFile("digits.csv.gz")
	require.NoError(t, err)
	for length := 0; length < len(file); length += 997 {
		_, err := datasets.ReadDigits(bytes.NewReader(file[:length]))
		require.ErrorContains(t, err, "EOF", "%d bytes", length)
	}
	_, err = datasets.ReadDigits(bytes.NewReader(file[:len(file)-1]))
	require.ErrorContains(t, err, "the file is truncated")
	file[len(file)/2] ^= 1
	_, err = datasets.ReadDigits(bytes.NewReader(file))
	require.Error(t, err, "an altered file must not be read")
}

func zipped(text string) []byte {
	var file bytes.Buffer
	writer := gzip.NewWriter(&file)
	_, _ = writer.Write([]byte(text)) // neither fails on a bytes.Buffer
	_ = writer.Close()
	return file.Bytes()
}

// asCSV is the inverse of ReadDigits, before compression.
func asCSV(s *datasets.Split) string {
	var text strings.Builder
	for i, label := range s.Labels {
		for _, pixel := range s.Image(i) {
			fmt.Fprintf(&text, "%g,", pixel*16)
		}
		fmt.Fprintln(&text, label)
	}
	return text.String()
}

func FuzzReadDigits(f *testing.F) {
	good := strings.Repeat("0,5,16,", 21) + "1,9\n"
	for _, text := range []string{"", "\n", good, good + good[2:], strings.ReplaceAll(good, "16", "17"), "0,1\r\n"} {
		f.Add([]byte(text))
		f.Add(zipped(text))
		f.Add(zipped(text)[:len(zipped(text))/2])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, file := range [][]byte{data, zipped(string(data))} {
			s, err := datasets.ReadDigits(bytes.NewReader(file))
			if err != nil {
				require.Nil(t, s)
				continue
			}
			require.NoError(t, s.Validate())
			again, err := datasets.ReadDigits(bytes.NewReader(zipped(asCSV(s))))
			require.NoError(t, err)
			require.Equal(t, s, again)
		}
	})
}

func ExampleDigits() {
	train, test, err := datasets.Digits()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(train.Len(), "images to train with,", test.Len(), "to test with")
	fmt.Println("the first shows", train.Labels[0])
	image := train.Image(0)
	for row := range 8 {
		for _, pixel := range image[row*8 : row*8+8] {
			fmt.Print(string(".-+#"[min(int(pixel*4), 3)]))
		}
		fmt.Println()
	}
	// Output:
	// 1437 images to train with, 360 to test with
	// the first shows 0
	// ..-#+...
	// ..##+#-.
	// ..#..++.
	// .-#..++.
	// .-+..++.
	// .-+..#-.
	// ..#-+#..
	// ..-#+...
}
