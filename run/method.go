package run

import (
	"fmt"
	"slices"
	"sync"

	"github.com/sparsekernel/sparsekernel/dstee"
)

// Dense is the method that trains all weights: what sparse methods are compared with.
const Dense = "dense"

// Static is the method that trains with random masks that never move.
const Static = "static"

// Formula is the method that grows by the score of the spec's Acquisition.
const Formula = "formula"

// own are the methods that were registered.
var own struct {
	sync.Mutex
	methods []dstee.Method
}

// Register makes a method of yours known to specs by its name, in this process alone: to train and resume with it, and to
// compare it with others. Its name must be new, and say what it does, since folders of runs hold the name only. Programs that
// do not know it read such runs, export their models and fork them with other methods.
//
//	err := run.Register(dstee.Method{Name: "rare", Grow: mine, DenseGradient: dstee.GradientAtUpdates})
//	spec := run.Default()
//	spec.Method = "rare"
func Register(method dstee.Method) error {
	if method.Name == "" {
		return fmt.Errorf("a method needs a name to be registered by")
	}
	if slices.Contains(MethodNames(), method.Name) {
		return fmt.Errorf("there is a method %q already: give yours another name", method.Name)
	}
	own.Lock()
	defer own.Unlock()
	own.methods = append(own.methods, method)
	return nil
}

// MethodNames are the names of the training methods: the presets of package dstee, those that were registered, "formula"
// and "dense".
func MethodNames() []string {
	var names []string
	for _, method := range dstee.Methods() {
		names = append(names, method.Name)
	}
	own.Lock()
	defer own.Unlock()
	for _, method := range own.methods {
		names = append(names, method.Name)
	}
	return append(names, Formula, Dense)
}

// method returns the spec's method, which is not dense.
func (s Spec) method() (dstee.Method, error) {
	if s.Method == Formula {
		grow, err := dstee.Formula(s.Acquisition)
		return dstee.Method{Name: Formula, Grow: grow, DenseGradient: dstee.GradientAtUpdates}, err
	}
	own.Lock()
	defer own.Unlock()
	i := slices.IndexFunc(own.methods, func(m dstee.Method) bool { return m.Name == s.Method })
	if i >= 0 {
		return own.methods[i], nil
	}
	return dstee.MethodByName(s.Method)
}

// moves tells whether the method updates masks.
func (s Spec) moves() bool {
	method, err := s.method()
	return err == nil && !method.Static
}

// Growth returns the growth score of a method with the spec's c, as it is scheduled, and ε, where it has such numbers.
func (s Spec) Growth(method dstee.Method) dstee.Acquisition {
	grow := method.Grow
	for _, param := range grow.Params {
		switch param.Name {
		case "c":
			grow = grow.WithSchedule(param.Name, s.coefficient())
		case "epsilon":
			grow = grow.WithSchedule(param.Name, dstee.Constant(s.Epsilon))
		}
	}
	return grow
}

// growthParams are the numbers in the growth score at a step, by name.
func (s Spec) growthParams(step int) map[string]float64 {
	method, err := s.method()
	if s.Method == Dense || err != nil {
		return nil
	}
	values := map[string]float64{}
	for _, param := range s.Growth(method).Params {
		values[param.Name] = param.Value.Over(s.Steps).At(step)
	}
	return values
}
