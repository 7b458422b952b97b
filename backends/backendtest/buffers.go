//go:build cgo && ((linux && (amd64 || arm64)) || (darwin && arm64) || (windows && amd64)) && !noxla

package backendtest

import "github.com/gomlx/go-xla/pjrt"

// Buffers returns how many buffers XLA holds for this process, on all devices: tensors of one that are not freed stay
// counted. Those of the pure-Go backend are memory of Go's, which the garbage collector frees and nobody counts.
func Buffers() int { return int(pjrt.BuffersAlive()) }
