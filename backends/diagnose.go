package backends

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/gomlx/compute/support/envutil"
	"github.com/pkg/errors"
)

// Report says what [Open] with an empty name does on this machine, and why.
type Report struct {
	// Backend is what opens without the network: "xla", "go" or what $GOMLX_BACKEND names; "" if nothing does.
	Backend string `json:"backend"`
	// Config is the GoMLX configuration that opens the same backend again.
	Config string `json:"config"`
	Why    string `json:"why"`
	// WouldFetch is whether Open would first try to fetch an XLA plugin over the network.
	WouldFetch bool `json:"would_fetch"`
	// Devices is the number of devices of the backend. XLA's CPU plugin may show one CPU as several.
	Devices int `json:"devices"`
	// Plugin is nil unless the backend is XLA.
	Plugin *Plugin `json:"plugin,omitempty"`
	// XLABuilt is whether the program was built with XLA.
	XLABuilt bool   `json:"xla_built"`
	SIMD     SIMD   `json:"simd"`
	CacheDir string `json:"cache_dir"`
	System   System `json:"system"`
	// Tried lists why no XLA plugin opened.
	Tried []string `json:"tried,omitempty"`
	// Problems lists what is missing or broken.
	Problems []Problem `json:"problems"`
}

// Plugin is a PJRT plugin that was opened.
type Plugin struct {
	Path    string `json:"path"`
	Origin  Origin `json:"origin"`
	Version string `json:"version"` // of the PJRT API, "major.minor"
	// SHA256 is the hash of the plugin in the cache folder, in which Open fetched it; "" for other plugins.
	SHA256 string `json:"sha256,omitempty"`
	// Intact is whether that is the hash recorded when it was fetched; true for other plugins.
	Intact bool `json:"intact"`
}

// System is the machine and the Go version of the program.
type System struct {
	OS    string `json:"os"`
	Arch  string `json:"arch"`
	CPU   string `json:"cpu,omitempty"` // model, where the system tells
	Cores int    `json:"cores"`
	Go    string `json:"go"`
}

// Problem is something missing or broken, and what to do about it.
type Problem struct {
	What string `json:"what"`
	Do   string `json:"do"`
}

// Diagnose reports what [Open] does on this machine. It opens the backend that Open would, reads all of a cached
// plugin to compare its hash, and may create the cache folder; it fetches nothing.
func Diagnose() Report { return newOpener().diagnose() }

func (o *opener) diagnose() Report {
	r := Report{
		XLABuilt: o.openXLA != nil,
		SIMD:     detectSIMD(),
		System:   detectSystem(),
		Problems: []Problem{},
	}
	quiet := *o
	quiet.stderr = io.Discard
	chosen, err := quiet.open("", look)
	failed := chosen.failed
	if err != nil && !errors.As(err, &failed) {
		r.problem(err.Error(), "correct or unset $GOMLX_BACKEND")
	}
	if err == nil {
		r.Backend = backendName(chosen.config)
		r.Config = chosen.config
		r.Why = chosen.why
		r.Devices = chosen.backend.NumDevices()
		r.describePlugin(chosen)
		chosen.backend.Finalize()
	}
	if r.CacheDir, err = CacheDir(); err != nil {
		r.problem(err.Error(), fmt.Sprintf("set $%s to a folder", CacheDirEnv))
	}
	if failed != nil {
		r.Tried = failed.attempts
		r.describeSearch()
	}
	return r
}

func (r *Report) problem(what, do string) {
	r.Problems = append(r.Problems, Problem{What: what, Do: do})
}

func (r *Report) describePlugin(chosen choice) {
	path, version, err := loadedPlugin(chosen.backend)
	if err != nil {
		return // The backend is not XLA.
	}
	p := chosen.plugin
	r.Plugin = &Plugin{Path: path, Version: version, Origin: p.origin, SHA256: p.recorded.SHA256, Intact: true}
	if p.origin == "" {
		r.Plugin.Origin = OriginConfigured
	}
	if gpuIdle(chosen.backend) {
		r.problem("there is an NVIDIA GPU, but this plugin does not use it",
			"go run github.com/gomlx/go-xla/cmd/pjrt_installer@latest -autoinstall")
	}
	if p.folder == "" {
		return
	}
	if err := p.recorded.verify(p.folder); err != nil {
		r.Plugin.Intact = false
		r.problem(err.Error(), "delete "+p.folder+": the next start fetches the plugin again")
	}
}

// describeSearch says what the next start would do about XLA, of which nothing was found, and what stands in its way.
func (r *Report) describeSearch() {
	if r.Backend == goName && r.SIMD.CPU != "" && !r.SIMD.Built {
		r.problem("the pure-Go backend was built without vector kernels",
			"build with GOEXPERIMENT=simd: matrix products use "+r.SIMD.CPU+" and are several times faster")
	}
	if r.Backend == goName && r.SIMD.Active == "avx2" {
		r.problem("with AVX2, GoMLX's vector kernels give wrong gradients in bfloat16 and float16; float32 is right",
			"set "+envutil.SIMD_AVX2_Env+"=false to train in half precision")
	}
	if !r.XLABuilt {
		r.problem(errNoXLA.Error(), rebuild)
		return
	}
	if r.CacheDir == "" {
		return
	}
	r.WouldFetch = true
	r.problem("there is no working XLA plugin on this machine", advice)
	if last := readFailure(r.CacheDir); last != nil {
		r.problem(fmt.Sprintf("fetching failed at %s: %s", last.At.Format(time.DateTime), last.Reason),
			"ask for the backend \"xla\" to try at once and with patience")
	}
	if err := writable(r.CacheDir); err != nil {
		r.problem(err.Error(), fmt.Sprintf("set $%s to a folder that can be written", CacheDirEnv))
	}
	if err := exec.Command("python3", "-m", "pip", "--version").Run(); err != nil {
		r.problem("python3 with pip, with which the plugin is fetched, does not run: "+err.Error(),
			"install python3 and pip (packages python3 and python3-pip in most Linux distributions)")
	}
}

// writable creates dir and a file in it to see whether it can.
func writable(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return errors.WithStack(err)
	}
	f, err := os.CreateTemp(dir, "writable-")
	if err != nil {
		return errors.WithStack(err)
	}
	f.Close()
	return errors.WithStack(os.Remove(f.Name()))
}

func detectSystem() System {
	return System{OS: runtime.GOOS, Arch: runtime.GOARCH, CPU: cpuModel(), Cores: runtime.NumCPU(), Go: runtime.Version()}
}

// cpuModel returns the processor's name on Linux/amd64, "" elsewhere.
func cpuModel() string {
	data, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(data)) {
		if name, model, found := strings.Cut(line, ":"); found && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(model)
		}
	}
	return ""
}

// String is the report for people, one fact per line.
func (r Report) String() string {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-9s %s\n", name, fmt.Sprintf(format, args...))
	}
	switch {
	case r.WouldFetch:
		line("backend", "%s, unless fetching an XLA plugin succeeds at the next start", cmp.Or(r.Config, "none"))
	case r.Backend == "":
		line("backend", "none")
	default:
		line("backend", "%s", r.Config)
	}
	if r.Why != "" {
		line("why", "%s", r.Why)
	}
	for _, attempt := range r.Tried {
		line("", "%s", attempt)
	}
	if p := r.Plugin; p != nil {
		line("plugin", "%s", p.Path)
		line("", "%s, PJRT API %s", p.Origin, p.Version)
		if p.SHA256 != "" && p.Intact {
			line("", "SHA-256 %s, as fetched", p.SHA256)
		}
	}
	if r.Devices > 0 {
		line("devices", "%d", r.Devices)
	}
	line("pure Go", "%s", r.SIMD)
	line("system", "%s/%s, %s, %d cores, %s", r.System.OS, r.System.Arch, cmp.Or(r.System.CPU, "unknown CPU"),
		r.System.Cores, r.System.Go)
	line("cache", "%s", cmp.Or(r.CacheDir, "none"))
	for _, p := range r.Problems {
		line("problem", "%s", p.What)
		line("  to do", "%s", p.Do)
	}
	return b.String()
}
