package compare

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseSeeds(t *testing.T) {
	for text, want := range map[string][]int64{
		"5":            {0, 1, 2, 3, 4},
		"0-4":          {0, 1, 2, 3, 4},
		"1":            {0},
		"3-3":          {3},
		"1, 3, 10-12 ": {1, 3, 10, 11, 12},
	} {
		seeds, err := ParseSeeds(text)
		require.NoError(t, err, text)
		require.Equal(t, want, seeds, text)
	}
	for text, want := range map[string]string{
		"0":                     "seed 0 alone is 0-0",
		"-3":                    "from 1 to 1000",
		"1001":                  "from 1 to 1000",
		"":                      `"" in the seeds ""`,
		"4-0":                   `"4-0" in the seeds "4-0"`,
		"1,a":                   `"a" in the seeds "1,a"`,
		"1,,2":                  `"" in the seeds "1,,2"`,
		"0-9223372036854775807": "more than 1000",
		"0-600,1000-1600":       "more than 1000",
	} {
		_, err := ParseSeeds(text)
		require.ErrorContains(t, err, want, text)
	}
}

// Percents are the numbers closest to the text, as shares are: they name the same cells.
func TestParseSparsities(t *testing.T) {
	for text, want := range map[string][]float64{
		"0.9,0.95":             {0.9, 0.95},
		"90, 95":               {0.9, 0.95},
		"90%,97.5%,99.9%,0.5%": {0.9, 0.975, 0.999, 0.005},
		"0,1%,1.5":             {0, 0.01, 0.015},
	} {
		sparsities, err := ParseSparsities(text)
		require.NoError(t, err, text)
		require.Equal(t, want, sparsities, text)
	}
	for text, want := range map[string]string{
		"":         `"" in the sparsities ""`,
		"ninety":   `"ninety"`,
		"0.9,,0.8": `"" in the sparsities`,
		"1":        "could be 1% or 100%",
		"100":      "percents below 100",
		"100%":     "percents below 100",
		"NaN":      `"NaN"`,
		"-0.5":     `"-0.5"`,
		"9e1":      `"9e1"`,
		"0x1":      `"0x1"`,
	} {
		_, err := ParseSparsities(text)
		require.ErrorContains(t, err, want, text)
	}
}

// Whatever the text is, it is refused or gives values that a grid can hold.
func FuzzParseLists(f *testing.F) {
	for _, text := range []string{"5", "0-4", "1,3,10-12", "0.9,95,97.5%", "1e999", "-", "99999999999999999999",
		"0-9223372036854775807"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if seeds, err := ParseSeeds(text); err == nil {
			require.NotEmpty(t, seeds)
			require.LessOrEqual(t, len(seeds), maxSeeds)
			for _, seed := range seeds {
				require.GreaterOrEqual(t, seed, int64(0))
			}
		}
		if sparsities, err := ParseSparsities(text); err == nil {
			require.NotEmpty(t, sparsities)
			for _, sparsity := range sparsities {
				require.True(t, sparsity >= 0 && sparsity < 1, sparsity)
			}
		}
	})
}
