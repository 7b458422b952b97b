package backends

import (
	"reflect"
	"strconv"
	"strings"

	"github.com/gomlx/compute"
	_ "github.com/gomlx/compute/gobackend" // registers "go"
	"github.com/pkg/errors"
)

const parallelismOption = "parallelism="

// goOptions returns the Go backend's options with unlimited parallelism where they do not say otherwise.
func goOptions(options string) string {
	if strings.Contains(options, parallelismOption) {
		return options
	}
	if options == "" {
		return parallelismOption + "-1"
	}
	return parallelismOption + "-1," + options
}

// openGo opens the pure-Go backend. GoMLX's own "parallelism=" prints a line on stdout, where the caller's output
// (JSON, a table) belongs, so the number is set on the opened backend instead.
func openGo(options string) (compute.Backend, error) {
	var others []string
	parallelism := -1
	for option := range strings.SplitSeq(options, ",") {
		value, found := strings.CutPrefix(option, parallelismOption)
		if !found {
			others = append(others, option)
			continue
		}
		var err error
		if parallelism, err = strconv.Atoi(value); err != nil {
			return nil, errors.Errorf("option %q of the Go backend: %q is not a whole number; "+
				"use -1 for unlimited, 0 for none", parallelismOption, value)
		}
	}
	backend, err := compute.NewWithConfig(goName + ":" + strings.Join(others, ","))
	if err != nil {
		return nil, err
	}
	if !setParallelism(backend, parallelism) {
		return compute.NewWithConfig(goName + ":" + goOptions(options))
	}
	return backend, nil
}

// setParallelism sets the size of the backend's pool of workers, whose type is internal to GoMLX but whose field and
// method are exported. It reports false if a GoMLX other than the pinned one has neither.
func setParallelism(backend compute.Backend, n int) bool {
	value := reflect.Indirect(reflect.ValueOf(backend))
	if value.Kind() != reflect.Struct {
		return false
	}
	workers := value.FieldByName("Workers")
	if !workers.IsValid() || !workers.CanInterface() {
		return false
	}
	pool, ok := workers.Interface().(interface{ SetMaxParallelism(int) })
	if ok {
		pool.SetMaxParallelism(n)
	}
	return ok
}
