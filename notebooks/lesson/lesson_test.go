package lesson_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/datasets"
	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/notebooks/lesson"
)

// The same seed gives the same outcome, another seed another; and the network learns, and explores.
func TestTrain(t *testing.T) {
	if testing.Short() {
		t.Skip("trains a wide network, which the race detector slows down")
	}
	backend := backendtest.One(t)
	train := func(seed int64) lesson.Outcome {
		outcome, err := lesson.Train(backend, dstee.New(0.05).DeltaT(20), seed, 60)
		require.NoError(t, err)
		return outcome
	}
	first := train(1)
	require.Equal(t, first, train(1))
	require.NotEqual(t, first, train(2))
	require.Greater(t, first.Accuracy, 0.3)
	require.Greater(t, first.Explored, 0.05)
	require.Less(t, first.Explored, 0.2)
}

func TestTrainSaysWhatIsWrong(t *testing.T) {
	_, err := lesson.Train(backendtest.One(t), dstee.New(2), 0, 10)
	require.ErrorContains(t, err, "density")
}

func TestDigits(t *testing.T) {
	training, _, err := datasets.Digits()
	require.NoError(t, err)
	html := lesson.Digits(training, 5)
	require.Equal(t, 5, strings.Count(html, "<table"))
	require.Equal(t, 5*64, strings.Count(html, "<td"))
}

func TestInputMap(t *testing.T) {
	mask := make([]bool, 64*512)
	for i := range 7 {
		mask[63*512+i] = true // Seven weights of the last pixel.
	}
	html := lesson.InputMap("title", mask)
	require.Equal(t, 63, strings.Count(html, ">0</td>"))
	require.True(t, strings.HasSuffix(html, ">7</td></tr>\n</table>"), html)
}
