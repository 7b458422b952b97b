package backends

import (
	"strings"
	"testing"

	"github.com/pkg/errors"
	"github.com/stretchr/testify/require"
)

func TestMisreadPaths(t *testing.T) {
	for path, fine := range map[string]bool{
		"/home/ada/.cache/sparsekernel/w/xla_cpu_pjrt.so":    true,
		"/home/nvidia/.cache/sparsekernel/w/xla_cpu_pjrt.so": false,
		"/opt/CUDA-12/w/xla_cpu_pjrt.so":                     false,
		"/home/ada,bob/w/xla_cpu_pjrt.so":                    false,
		"/home/cpu/w/xla_cpu_pjrt.so":                        true,
		"/home/cpu/w/pjrt_c_api_cuda_plugin.so":              false,
		"/home/ada/nvidia/pjrt_c_api_cuda_plugin.so":         true,
	} {
		require.Equal(t, fine, misread(path) == nil, path)
	}
}

func TestSearchErrorLine(t *testing.T) {
	e := &searchError{}
	e.add("wheel", errors.New("begin\n"+strings.Repeat("x ", 500)+"\nend"))
	line := e.line()
	require.NotContains(t, line, "\n")
	require.Less(t, len(line), 200)
	require.True(t, strings.HasPrefix(line, "wheel: begin x"), line)
	require.True(t, strings.HasSuffix(line, "x end"), line)
	require.Contains(t, e.Error(), strings.Repeat("x ", 500))
}
