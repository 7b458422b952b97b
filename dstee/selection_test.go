package dstee

import (
	"regexp"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/model/initializer"
	"github.com/stretchr/testify/require"
)

// Whatever the patterns are, they are refused, or select what the first of them that matches says.
func FuzzPatterns(f *testing.F) {
	f.Add("first", "dense", 0.5)
	f.Add("^/a/[bc]", "w$", 1.0)
	f.Add("(", "", 2.0)
	f.Fuzz(func(t *testing.T, first, second string, density float64) {
		store := model.NewStore()
		var candidates []*model.Variable
		for _, path := range []string{"/first/dense/weights", "/a/b/w", "/a/c/w", "/output/dense/weights"} {
			candidates = append(candidates, store.VariableWithShape(path, shapes.Make(dtypes.Float32, 4, 4), initializer.Zero))
		}
		choices, err := selectWeights(store, candidates, nil, []rule{{first, density}, {second, 0.25}})
		if err != nil {
			return
		}
		require.NotEmpty(t, choices)
		chosen := map[string]float64{}
		for _, c := range choices {
			chosen[c.weight.Path()] = c.density
		}
		for _, v := range candidates {
			got, found := chosen[v.Path()]
			switch {
			case regexp.MustCompile(first).MatchString(v.Path()):
				require.Equal(t, density != 1, found)
				if found {
					require.Equal(t, density, got)
				}
			case regexp.MustCompile(second).MatchString(v.Path()):
				require.Equal(t, 0.25, got)
			default:
				require.True(t, found)
				require.Zero(t, got)
			}
		}
	})
}
