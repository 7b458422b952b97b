//go:build !linux && cgo && !noxla

package backends

// keepFreedMemory does nothing: other systems' allocators keep freed memory anyway, or cannot be told to.
func keepFreedMemory() {}
