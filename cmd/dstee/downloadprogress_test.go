package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/datasets/fetch"
)

// Where there is no terminal, a file has a line at its start and for each quarter, however its bytes come, and one at its
// end.
func TestDownloadProgress(t *testing.T) {
	var out bytes.Buffer
	p := &downloadProgress{out: &out}
	first, second := fetch.File{Name: "a.gz", Size: 10e6}, fetch.File{Name: "b.gz", Size: 1e6}
	for _, done := range []int64{0, 1e6, 2e6, 3e6, 4e6, 9e6, 9.9e6, 10e6, 10e6} {
		p.arrived(first, done)
	}
	p.arrived(second, 1e6)
	p.close()
	require.Equal(t, `downloading a.gz · 0.0 of 10.0 MB
downloading a.gz · 3.0 of 10.0 MB
downloading a.gz · 9.0 of 10.0 MB
downloading a.gz · 10.0 of 10.0 MB
downloading b.gz · 1.0 of 1.0 MB
`, out.String())
}
