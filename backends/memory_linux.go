//go:build cgo && (amd64 || arm64) && !noxla

package backends

/*
#include <malloc.h>

// keepFreedMemory returns 0 if the C library refuses, or is not glibc.
static int keepFreedMemory(void) {
#ifdef __GLIBC__
	// glibc takes ints; these are 1 GiB.
	return mallopt(M_MMAP_THRESHOLD, 1 << 30) & mallopt(M_TRIM_THRESHOLD, 1 << 30) & mallopt(M_TOP_PAD, 1 << 26);
#else
	return 0;
#endif
}
*/
import "C"

import "os"

// keepFreedMemory makes the C library keep the memory of large buffers that are freed for the next ones, instead of
// giving it back to the system at once, to be paged in anew.
//
// go-xla v0.4.1 does not tell XLA that a step's outputs may take the place of its inputs, so that XLA's CPU client
// allocates all weights, moments and gradients anew at each step. Kept, their memory spares the step of a 3×2048 MLP
// with Adam a tenth of its time.
//
// Settings of the user's, by glibc's environment variables, are left alone.
func keepFreedMemory() {
	for _, name := range []string{"MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_", "GLIBC_TUNABLES"} {
		if os.Getenv(name) != "" {
			return
		}
	}
	C.keepFreedMemory() // Refused, it is as slow as before.
}
