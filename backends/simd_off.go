//go:build !amd64 || !goexperiment.simd

package backends

// builtWithSIMD says whether GoMLX's pure-Go backend was compiled with its vector kernels.
const builtWithSIMD = false
