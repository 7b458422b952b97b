package main

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// useCores binds this goroutine's thread, and so all processes that it starts, to as many cores as there are to be
// threads: some libraries have no other setting for their number of threads.
func useCores(threads int) error {
	runtime.LockOSThread()
	var allowed, chosen unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil {
		return fmt.Errorf("asking for the cores of this process: %w", err)
	}
	if allowed.Count() < threads {
		return fmt.Errorf("%d threads were asked for, and this process may use %d cores: choose --threads",
			threads, allowed.Count())
	}
	for core := 0; chosen.Count() < threads; core++ {
		if allowed.IsSet(core) {
			chosen.Set(core)
		}
	}
	if err := unix.SchedSetaffinity(0, &chosen); err != nil {
		return fmt.Errorf("binding workers to %d cores: %w", threads, err)
	}
	return nil
}
