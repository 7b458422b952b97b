package backends

import (
	"github.com/gomlx/compute/support/envutil"
	"golang.org/x/sys/cpu"
)

// SIMD says which vector kernels the pure-Go backend has for matrix products.
type SIMD struct {
	// Built is whether the program was built with GOEXPERIMENT=simd for amd64, without which there are none.
	Built bool `json:"built"`
	// CPU is the best instruction set of this machine that the kernels could use: "avx512", "avx2" or "".
	CPU string `json:"cpu"`
	// Active is the one that they do use, which $GOMLX_SIMD_AVX512 and $GOMLX_SIMD_AVX2 can switch off; "" for none.
	Active string `json:"active"`
}

// String says it in a few words.
func (s SIMD) String() string {
	switch {
	case s.Active != "":
		return "vector kernels for " + s.Active
	case s.CPU == "":
		return "no vector kernels for this CPU"
	case s.Built:
		return "vector kernels for " + s.CPU + " switched off by the environment"
	default:
		return "built without vector kernels (GOEXPERIMENT=simd); this CPU has " + s.CPU
	}
}

func detectSIMD() SIMD {
	// The five parts of AVX-512 that Go's simd package asks for together.
	avx512 := cpu.X86.HasAVX512F && cpu.X86.HasAVX512CD && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512DQ &&
		cpu.X86.HasAVX512VL
	s := SIMD{Built: builtWithSIMD}
	for _, set := range []struct {
		name, env string
		present   bool
	}{
		{"avx512", envutil.SIMD_AVX512_Env, avx512},
		{"avx2", envutil.SIMD_AVX2_Env, cpu.X86.HasAVX2},
	} {
		if !set.present {
			continue
		}
		if s.CPU == "" {
			s.CPU = set.name
		}
		// GoMLX stops the program on a value that it cannot read, so that there is none to report.
		if allowed, err := envutil.ReadBool(set.env, true); s.Built && s.Active == "" && err == nil && allowed {
			s.Active = set.name
		}
	}
	return s
}
