package compare

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// maxSeeds bounds the seeds of a list, so that a slip of the finger is an error and not a week of training.
const maxSeeds = 1000

// ParseSeeds reads seeds: "5" is five seeds, 0 to 4; "0-4" and "1,3,10-12" name them.
func ParseSeeds(text string) ([]int64, error) {
	if n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64); err == nil {
		if n < 1 || n > maxSeeds {
			return nil, fmt.Errorf("%q seeds: want a number of seeds from 1 to %d, or seeds such as 0-4 or 1,3 "+
				"(seed %d alone is %d-%d)", text, maxSeeds, n, n, n)
		}
		return seedRange(0, n-1), nil
	}
	var seeds []int64
	for part := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			last = first
		}
		from, errFrom := strconv.ParseUint(first, 10, 63)
		to, errTo := strconv.ParseUint(last, 10, 63)
		if errFrom != nil || errTo != nil || to < from {
			return nil, fmt.Errorf("%q in the seeds %q: want a number of seeds such as 5, or seeds such as 0-4 or 1,3,10-12", part, text)
		}
		if to-from >= maxSeeds || len(seeds)+int(to-from) >= maxSeeds {
			return nil, fmt.Errorf("the seeds %q are more than %d", text, maxSeeds)
		}
		seeds = append(seeds, seedRange(int64(from), int64(to))...)
	}
	return seeds, nil
}

// seedRange is the seeds from first to last.
func seedRange(first, last int64) []int64 {
	seeds := make([]int64, 0, last-first+1)
	for i := range last - first + 1 {
		seeds = append(seeds, first+i)
	}
	return seeds
}

// ParseSparsities reads sparsities, as shares or in percent: "0.9,0.95", "90,95", "90%,97.5%". A number without a sign is
// a share if it is below 1 and in percent if it is above.
func ParseSparsities(text string) ([]float64, error) {
	var sparsities []float64
	for part := range strings.SplitSeq(text, ",") {
		number, percent := strings.CutSuffix(strings.TrimSpace(part), "%")
		value, err := strconv.ParseFloat(number, 64)
		if err != nil || strings.Trim(number, "0123456789.") != "" {
			return nil, fmt.Errorf("%q in the sparsities %q: want shares such as 0.95, or percents such as 95", part, text)
		}
		if value == 1 && !percent {
			return nil, fmt.Errorf("%q in the sparsities %q could be 1%% or 100%%: write 1%% for the former; 100%% leaves no weights",
				part, text)
		}
		if percent || value > 1 {
			// The exponent gives the number closest to the text, as dividing may not: 99.9 percent is 0.999.
			value, err = strconv.ParseFloat(number+"e-2", 64)
		}
		if err != nil || math.IsNaN(value) || value < 0 || value >= 1 {
			return nil, fmt.Errorf("%q in the sparsities %q: want shares in [0, 1) or percents below 100", part, text)
		}
		sparsities = append(sparsities, value)
	}
	return sparsities, nil
}
