package checkpoint_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// resummed returns the file with the checksum that its content has.
func resummed(data []byte) []byte {
	const field = `"sha256":"`
	data = bytes.Clone(data)
	at := bytes.Index(data, []byte(field))
	if at < 0 || at+len(field)+64 > len(data) {
		return data
	}
	digits := data[at+len(field):][:64]
	copy(digits, strings.Repeat("0", 64))
	sum := sha256.Sum256(data)
	copy(digits, hex.EncodeToString(sum[:]))
	return data
}

// documented returns the Python in the package's documentation.
func documented(t *testing.T) string {
	t.Helper()
	source, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	_, text, found := strings.Cut(string(source), "In Python:\n//\n")
	require.True(t, found)
	var code strings.Builder
	for _, line := range strings.Split(text, "\n") {
		line, found := strings.CutPrefix(line, "//\t")
		if !found {
			break
		}
		code.WriteString(line + "\n")
	}
	require.NotEmpty(t, code.String())
	return code.String()
}
