//go:build !cgo || !((linux && (amd64 || arm64)) || (darwin && arm64) || (windows && amd64)) || noxla

package backends

import (
	"github.com/gomlx/compute"
)

var openXLA func(options string) (compute.Backend, error)

func installedPlugins() ([]plugin, error) { return nil, errNoXLA }

func loadedPlugin(compute.Backend) (path, version string, err error) { return "", "", errNoXLA }

func defaultSources() []source { return nil }

func gpuIdle(compute.Backend) bool { return false }
