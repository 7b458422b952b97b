package compare

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// The quantiles are those of printed tables, such as NIST's (e-Handbook of Statistical Methods, 1.3.6.7.2).
func TestStudentQuantile(t *testing.T) {
	for _, test := range []struct {
		p       float64
		degrees int
		want    float64
	}{
		{0.975, 1, 12.706}, {0.975, 2, 4.303}, {0.975, 4, 2.776}, {0.975, 9, 2.262}, {0.975, 29, 2.045}, {0.975, 99, 1.984},
		{0.95, 4, 2.132}, {0.995, 4, 4.604}, {0.025, 4, -2.776}, {0.5, 7, 0},
	} {
		require.InDelta(t, test.want, studentQuantile(test.p, test.degrees), 5e-4, "%v at %d", test.p, test.degrees)
	}
}

// 1 to 5 have the mean 3 and the standard deviation √2.5: half the interval is 2.776·√(2.5/5).
func TestStudentMean(t *testing.T) {
	estimate := StudentMean([]float64{1, 2, 3, 4, 5}, 0.95)
	require.Equal(t, 5, estimate.N)
	require.InDelta(t, 3, estimate.Mean, 1e-12)
	require.InDelta(t, 3-1.9632, estimate.Interval.Low, 1e-4)
	require.InDelta(t, 3+1.9632, estimate.Interval.High, 1e-4)

	require.Equal(t, Estimate{N: 1, Mean: 7}, StudentMean([]float64{7}, 0.95))
	require.True(t, math.IsNaN(StudentMean(nil, 0.95).Mean))
	require.Equal(t, &Interval{4, 4}, StudentMean([]float64{4, 4, 4}, 0.95).Interval)
}

func TestBootstrapMeanOfFew(t *testing.T) {
	for n := range MinBootstrap {
		require.Nil(t, BootstrapMean(make([]float64, n), 0.95, source(1)).Interval)
	}
	require.Equal(t, &Interval{}, BootstrapMean(make([]float64, MinBootstrap), 0.95, source(1)).Interval)
}

// For five values the interval is all but their range: α' is 0.00096, and the smallest resampled mean, five times the
// smallest value, has the probability 5⁻⁵ = 0.00032.
func TestBootstrapMeanOfFive(t *testing.T) {
	estimate := BootstrapMean([]float64{0, 0, 0, 0, 10}, 0.95, source(1))
	require.InDelta(t, 2, estimate.Mean, 1e-12)
	require.Equal(t, 0.0, estimate.Interval.Low)  // Probability (4/5)⁵ = 0.33.
	require.Equal(t, 8.0, estimate.Interval.High) // 10 has the probability 0.00032, 8 or more 0.0067.
}

// Moving, stretching and reordering the values does the same to the interval.
func TestBootstrapMeanInvariances(t *testing.T) {
	values := []float64{0.5, -1, 2.25, 0.75, -0.125, 3, 1}
	want := BootstrapMean(values, 0.95, source(3))
	moved := make([]float64, len(values))
	for i, v := range values {
		moved[i] = 8 + 4*v
	}
	got := BootstrapMean(moved, 0.95, source(3))
	require.InDelta(t, 8+4*want.Mean, got.Mean, 1e-12)
	require.InDelta(t, 8+4*want.Interval.Low, got.Interval.Low, 1e-12)
	require.InDelta(t, 8+4*want.Interval.High, got.Interval.High, 1e-12)

	reversed := slices.Clone(values)
	slices.Reverse(reversed)
	require.Equal(t, want.Interval, BootstrapMean(reversed, 0.95, source(3)).Interval)
	require.Equal(t, want, BootstrapMean(values, 0.95, source(3)), "the same seed, the same interval")

	wider := BootstrapMean(values, 0.99, source(3))
	require.Less(t, wider.Interval.Low, want.Interval.Low)
	require.Greater(t, wider.Interval.High, want.Interval.High)
	require.GreaterOrEqual(t, want.Interval.Low, slices.Min(values))
	require.LessOrEqual(t, want.Interval.High, slices.Max(values))
}

// How often intervals of normal values hold the mean they were drawn with. Student's is exact; the bootstrap's cannot reach
// 95% for five values, as MinBootstrap says.
func TestCoverage(t *testing.T) {
	if testing.Short() {
		t.Skip("some seconds of resampling")
	}
	const trials = 500
	for _, test := range []struct{ n, least, most int }{{5, 450, 475}, {10, 460, 487}} {
		t.Run(fmt.Sprint(test.n), func(t *testing.T) {
			random := source(uint64(test.n))
			student, bootstrap := 0, 0
			for range trials {
				values := make([]float64, test.n)
				for i := range values {
					values[i] = 98 + 0.3*random.NormFloat64()
				}
				student += covers(StudentMean(values, 0.95), 98)
				bootstrap += covers(BootstrapMean(values, 0.95, random), 98)
			}
			t.Logf("n=%d: Student covers in %d of %d, bootstrap in %d", test.n, student, trials, bootstrap)
			require.InDelta(t, 475, student, 14) // Three standard deviations of a binomial count.
			require.GreaterOrEqual(t, bootstrap, test.least)
			require.LessOrEqual(t, bootstrap, test.most)
		})
	}
}

func covers(e Estimate, mean float64) int {
	if e.Interval.Low <= mean && mean <= e.Interval.High {
		return 1
	}
	return 0
}

func source(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }
