//go:build !linux

package main

// peakMemory is the most memory, in bytes, that a process has had resident so far; 0 if that is not known.
func peakMemory(int) int64 { return 0 }
