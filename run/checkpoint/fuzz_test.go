package checkpoint_test

import (
	"testing"

	"github.com/gomlx/gomlx/ml/model"

	"github.com/sparsekernel/sparsekernel/run/checkpoint"
)

// Whatever a file holds, also under a checksum that is right, it is read or refused.
func FuzzDecode(f *testing.F) {
	f.Add(written(f, small()...))
	f.Add(written(f, samples()[4:]...))
	f.Fuzz(func(_ *testing.T, data []byte) {
		for _, data := range [][]byte{data, resummed(data)} {
			if c, err := checkpoint.Decode(data, "file"); err == nil {
				_ = c.Restore(model.NewStore(), nil)
			}
		}
	})
}
