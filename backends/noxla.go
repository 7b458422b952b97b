//go:build !cgo || !((linux && (amd64 || arm64)) || (darwin && arm64) || (windows && amd64)) || noxla

package backends

import (
	"runtime"

	"github.com/gomlx/compute"
	"github.com/pkg/errors"
)

var errNoXLA = errors.Errorf("this program was built without XLA: build it with a C compiler and CGO_ENABLED=1, without "+
	"the tag \"noxla\", for linux/amd64, linux/arm64, darwin/arm64 or windows/amd64 (it is %s/%s)",
	runtime.GOOS, runtime.GOARCH)

var openXLA func(options string) (compute.Backend, error)

func installedPlugins() ([]plugin, error) { return nil, errNoXLA }

func loadedPlugin(compute.Backend) (path, version string, err error) { return "", "", errNoXLA }

func defaultSources() []source { return nil }

func gpuIdle(compute.Backend) bool { return false }
