package interchange

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
)

// Packing numbers is undone by unpacking, and so are gaps.
func FuzzNumbers(f *testing.F) {
	f.Add([]byte{0, 0, 1, 0, 200, 255, 7, 7})
	f.Fuzz(func(t *testing.T, data []byte) {
		var numbers, indices []uint64
		last := uint64(0)
		for i := 0; i+8 <= len(data); i += 8 {
			numbers = append(numbers, binary.LittleEndian.Uint64(data[i:])>>(data[i]%64))
			last += uint64(data[i])
			indices = append(indices, last)
			last++
		}
		got, err := unpackNumbers(packNumbers(numbers), len(numbers))
		require.NoError(t, err)
		require.Equal(t, numbers, got)
		back, err := fromGaps(toGaps(append([]uint64(nil), indices...)), int(last))
		require.NoError(t, err)
		require.Equal(t, indices, back)
		if got, err := unpackNumbers(data, 100); err == nil { // Whatever the bytes are.
			require.LessOrEqual(t, len(got), 100)
		}
	})
}
