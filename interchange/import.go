package interchange

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gomlx/compute/shapes"
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
		if err := unpack(file, path, dims, &limit, values, unpacked); err != nil {
			return fail(fmt.Errorf("weight %q: %w", path, err))
		}
	}
	for _, info := range file.Tensors() {
		if unpacked[info.Name] {
			continue
		}
		if !strings.HasPrefix(info.Name, "/") || strings.HasSuffix(info.Name, "/") {
			return fail(fmt.Errorf("the tensor %q is not named by the path of a variable, such as %q", info.Name, "/layer/weights"))
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

// unpack adds the variables of a weight in sparse form to values, and the names of its tensors to used. It takes the
// weight's size off the limit.
func unpack(file *safetensors.File, path string, dims []int, limit *int, values map[string]*tensors.Tensor, used map[string]bool) error {
	size := 1
	for _, dim := range dims {
		if dim < 1 || dim > *limit/size {
			return fmt.Errorf("the shape %v is not one of weights, or makes more than %d sparse weights in all", dims, maxWeights)
		}
		size *= dim
	}
	*limit -= size
	mask := make([]bool, size)
	active, maskName, err := readMask(file, path, mask)
	if err != nil {
		return err
	}
	weight, err := readActive(file, path, dims, mask, active)
	if err != nil {
		return err
	}
	used[path+valuesSuffix], used[maskName] = true, true
	values[path] = weight
	values[dstee.Scope+path+maskSuffix] = tensors.FromFlatDataAndDimensions(mask, dims...)

	if _, found := file.Lookup(path + gapsSuffix); !found {
		return nil
	}
	gaps, err := readVector(file, path+gapsSuffix, safetensors.Uint8)
	if err != nil {
		return err
	}
	counts, err := readVector(file, path+countsSuffix, safetensors.Uint8)
	if err != nil {
		return err
	}
	visits := make([]int32, size)
	if err := unpackVisits(gaps, counts, visits); err != nil {
		return fmt.Errorf("reading the visits: %w", err)
	}
	used[path+gapsSuffix], used[path+countsSuffix] = true, true
	values[dstee.Scope+path+visitsSuffix] = tensors.FromFlatDataAndDimensions(visits, dims...)
	return nil
}

// readMask sets the active entries of mask, all false, and returns how many there are and which tensor said so.
func readMask(file *safetensors.File, path string, mask []bool) (active int, name string, err error) {
	if name = path + bitsSuffix; hasTensor(file, name) {
		bits, err := readVector(file, name, safetensors.Uint8)
		if err != nil {
			return 0, name, err
		}
		if want := (len(mask) + 7) / 8; len(bits) != want {
			return 0, name, fmt.Errorf("%q has %d bytes, %d bits take %d", name, len(bits), len(mask), want)
		}
		for i := range mask {
			if mask[i] = bits[i/8]>>(i%8)&1 == 1; mask[i] {
				active++
			}
		}
		if rest := len(mask) % 8; rest > 0 && bits[len(bits)-1]>>rest != 0 {
			return 0, name, fmt.Errorf("%q has bits set beyond the %d weights", name, len(mask))
		}
		return active, name, nil
	}
	name = path + indicesSuffix
	data, err := readVector(file, name, safetensors.Int32)
	if err != nil {
		return 0, name, err
	}
	previous := -1
	for ; len(data) > 0; data = data[4:] {
		i := int(int32(binary.LittleEndian.Uint32(data)))
		if i <= previous || i >= len(mask) {
			return 0, name, fmt.Errorf("%q must ascend in [0, %d), entry %d after %d is %d", name, len(mask), active, previous, i)
		}
		mask[i] = true
		previous = i
		active++
	}
	return active, name, nil
}

// readActive returns the weights, zero where the mask is false.
func readActive(file *safetensors.File, path string, dims []int, mask []bool, active int) (*tensors.Tensor, error) {
	name := path + valuesSuffix
	info, _ := file.Lookup(name)
	data, err := readVector(file, name, info.DType)
	if err != nil {
		return nil, err
	}
	dtype, err := info.DType.GoMLX()
	if err != nil {
		return nil, err
	}
	if !dtype.IsFloat() {
		return nil, fmt.Errorf("sparse weights are floats, %q is %s", name, info.DType)
	}
	width := dtype.Size()
	if info.Shape[0] != active {
		return nil, fmt.Errorf("%q has %d values, but %d weights are active", name, info.Shape[0], active)
	}
	weight := tensors.FromShape(shapes.Make(dtype, dims...))
	return weight, weight.MutableBytes(func(weights []byte) {
		for i, isActive := range mask {
			if isActive {
				copy(weights[i*width:(i+1)*width], data)
				data = data[width:]
			}
		}
	})
}

// readVector returns the bytes of a tensor that must be of the dtype and of rank 1.
func readVector(file *safetensors.File, name string, dtype safetensors.DType) ([]byte, error) {
	if info, found := file.Lookup(name); found && (info.DType != dtype || len(info.Shape) != 1) {
		return nil, fmt.Errorf("%q must be %s of rank 1, it is %s of shape %v", name, dtype, info.DType, info.Shape)
	}
	return file.Read(name)
}

func hasTensor(file *safetensors.File, name string) bool {
	_, found := file.Lookup(name)
	return found
}
