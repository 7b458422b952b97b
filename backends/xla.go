//go:build cgo && ((linux && (amd64 || arm64)) || (darwin && arm64) || (windows && amd64)) && !noxla

package backends

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/go-xla/compute/xla"
	"github.com/gomlx/go-xla/installer"
	"github.com/gomlx/go-xla/pjrt"
	"github.com/pkg/errors"
)

func init() {
	xla.EnableAutoInstall(false)
}

// openXLA opens "xla:<options>". It turns go-xla's panics, such as the one on a plugin that cannot be loaded, into
// errors.
func openXLA(options string) (backend compute.Backend, err error) {
	defer recoverTo(&err)
	keepFreedMemory()
	// The concrete type is kept from becoming a non-nil interface around a nil pointer.
	b, err := xla.NewWithOptions(options, nil)
	if err != nil {
		return nil, err
	}
	return b, nil
}

// installedPlugins lists the plugins that go-xla finds on this machine, the preferred one first.
func installedPlugins() (plugins []plugin, err error) {
	defer func() { err = errors.WithMessage(err, "go-xla fails to load one of them") }()
	defer recoverTo(&err)
	paths := pjrt.AvailablePlugins()
	names := slices.SortedFunc(maps.Keys(paths), func(a, b string) int {
		if d := preference(a) - preference(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	for _, name := range names {
		plugins = append(plugins, plugin{options: name, path: paths[name], origin: OriginInstalled})
	}
	return plugins, nil
}

// preference is the place of a plugin name in go-xla's order; versioned names such as "cpu_v0.83.1" follow plain ones.
func preference(name string) int {
	for i, known := range xla.DefaultPlugins {
		if name == known {
			return i
		}
		if strings.HasPrefix(name, known+"_") {
			return len(xla.DefaultPlugins) + i
		}
	}
	return 2 * len(xla.DefaultPlugins)
}

func defaultSources() []source {
	return []source{goXLASource(), wheelSource()}
}

// loadedPlugin returns the path of the plugin behind an XLA backend and its version of the PJRT API.
func loadedPlugin(backend compute.Backend) (path, version string, err error) {
	defer recoverTo(&err)
	b, ok := backend.(*xla.Backend)
	if !ok {
		return "", "", errors.Errorf("%s is not an XLA backend", backend)
	}
	p, err := pjrt.GetPlugin(b.PluginName())
	if err != nil {
		return "", "", err
	}
	major, minor := p.Version()
	return p.Path(), fmt.Sprintf("%d.%d", major, minor), nil
}

// gpuIdle reports whether the machine has an NVIDIA GPU that the XLA backend does not use.
func gpuIdle(backend compute.Backend) bool {
	b, ok := backend.(*xla.Backend)
	return ok && !b.IsCUDA() && installer.HasNvidiaGPU()
}
