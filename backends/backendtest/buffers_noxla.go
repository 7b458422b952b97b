//go:build !cgo || !((linux && (amd64 || arm64)) || (darwin && arm64) || (windows && amd64)) || noxla

package backendtest

// Buffers returns 0: there is no XLA in this build.
func Buffers() int { return 0 }
