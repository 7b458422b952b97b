package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBytesText(t *testing.T) {
	for bytes, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 43_210: "43.2 kB", 999_949: "999.9 kB",
		999_950: "1.0 MB", 2_500_000_000: "2.5 GB", 1e18: "1000000.0 TB"} {
		require.Equal(t, want, bytesText(bytes))
	}
}
