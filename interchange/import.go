package interchange

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/interchange/safetensors"
)

// Import returns a new store of the model in the file at path, which [Export] wrote, in either form; or another program,
// in the dense form: named by the paths of the store's variables, weights beside their masks.
//
// A model function that builds the same variables finds them in the store, and a dstee.Sparsifier goes on with the masks
// and visits. The file is checked throughout: masks, indices, visits and weights that do not fit each other are errors.
// The weights take the memory of dense ones, whatever the size of the file.
func Import(path string) (*model.Store, error) {
	file, err := safetensors.Open(path)
	if err != nil {
		return nil, fmt.Errorf("interchange: %w", err)
	}
	defer file.Close()
	return importFile(file, maxWeights)
}

// importFile imports an open file, whose sparse weights must not have more values, zeros included, than limit.
func importFile(file *safetensors.File, limit int) (*model.Store, error) {
	fail := func(err error) (*model.Store, error) {
		return nil, fmt.Errorf("interchange: importing %s: %w", file.Name(), err)
	}
	d, err := describe(file.Metadata())
	if err != nil {
		return fail(err)
	}
	values := map[string]*tensors.Tensor{}
	unpacked := map[string]bool{} // The tensors that are part of a weight in sparse form.
	for path, dims := range d.Shapes {
		if err := checkPath(path); err != nil {
			return fail(err)
		}
		size, err := sizeOf(dims, limit)
		if err != nil {
			return fail(fmt.Errorf("weight %q: %w", path, err))
		}
		limit -= size
		u := &unpacker{file: file, path: path, dims: dims, size: size, used: unpacked}
		variables, err := u.unpack()
		if err != nil {
			return fail(fmt.Errorf("weight %q: %w", path, err))
		}
		maps.Copy(values, variables)
	}
	for _, info := range file.Tensors() {
		if unpacked[info.Name] {
			continue
		}
		if err := checkPath(info.Name); err != nil {
			return fail(err)
		}
		if _, found := values[info.Name]; found {
			return fail(fmt.Errorf("the weight %q is there in both forms", info.Name))
		}
		if values[info.Name], err = file.Tensor(info.Name); err != nil {
			return fail(err)
		}
	}
	store := model.NewStore()
	for _, path := range slices.Sorted(maps.Keys(values)) {
		v, err := store.CreateVariable(path, values[path])
		if err != nil {
			return fail(err)
		}
		frozen := !v.DType().IsFloat() || strings.HasPrefix(path, dstee.Scope+"/") || slices.Contains(d.Frozen, path)
		v.SetTrainable(!frozen)
	}
	if _, err := layersOf(store); err != nil {
		return fail(err)
	}
	return store, nil
}

// checkPath says what is wrong with the path of a variable.
func checkPath(path string) error {
	if !strings.HasPrefix(path, "/") || strings.HasSuffix(path, "/") {
		return fmt.Errorf("the tensor %q is not named by the path of a variable, such as %q", path, "/layer/weights")
	}
	return nil
}

// sizeOf is the number of weights of the shape, which must not be above the limit.
func sizeOf(dims []int, limit int) (int, error) {
	size := 1
	for _, dim := range dims {
		if dim < 1 || dim > limit/size {
			return 0, fmt.Errorf("the shape %v is not one of weights, or makes more than %d sparse weights in all", dims, maxWeights)
		}
		size *= dim
	}
	return size, nil
}
