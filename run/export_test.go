package run

import (
	"slices"

	"github.com/sparsekernel/sparsekernel/dstee"
)

// Forget undoes Register, as if another program had the method.
func Forget(name string) {
	own.Lock()
	defer own.Unlock()
	own.methods = slices.DeleteFunc(own.methods, func(m dstee.Method) bool { return m.Name == name })
}
