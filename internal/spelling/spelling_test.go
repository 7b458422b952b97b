package spelling

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUnknown(t *testing.T) {
	known := []string{"dst-ee", "rigl", "set", "lenet5"}
	for name, want := range map[string]string{
		"rgl":    `unknown method "rgl": did you mean "rigl"? The known ones are dst-ee, rigl, set, lenet5`,
		"DST-EE": `unknown method "DST-EE": did you mean "dst-ee"? The known ones are dst-ee, rigl, set, lenet5`,
		"lenet":  `unknown method "lenet": did you mean "lenet5"? The known ones are dst-ee, rigl, set, lenet5`,
		"adam":   `unknown method "adam": the known ones are dst-ee, rigl, set, lenet5`,
		"":       `unknown method "": the known ones are dst-ee, rigl, set, lenet5`,
		"x":      `unknown method "x": the known ones are dst-ee, rigl, set, lenet5`,
	} {
		require.EqualError(t, Unknown("method", name, known), want)
	}
}

func FuzzUnknown(f *testing.F) {
	f.Add("rgl", "rigl")
	f.Add("é", "")
	f.Fuzz(func(t *testing.T, name, known string) {
		require.Error(t, Unknown("method", name, []string{known}))
		require.Equal(t, editDistance(name, known), editDistance(known, name))
		require.Zero(t, editDistance(name, name))
	})
}
