//go:build !linux

package main

import (
	"fmt"
	"runtime"
)

// useCores fails unless the machine has as many cores as there are to be threads: elsewhere than on Linux XLA uses all.
func useCores(threads int) error {
	if threads != runtime.NumCPU() {
		return fmt.Errorf("on %s XLA and JAX use all %d cores: choose --threads %[2]d", runtime.GOOS, runtime.NumCPU())
	}
	return nil
}
