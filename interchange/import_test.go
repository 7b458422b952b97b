package interchange

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/interchange/safetensors"
)

// file returns a file of the description and tensors.
func file(t testing.TB, description string, list ...safetensors.Tensor) *safetensors.File {
	t.Helper()
	var out bytes.Buffer
	var metadata map[string]string
	if description != "" {
		metadata = map[string]string{descriptionKey: description}
	}
	require.NoError(t, safetensors.Write(&out, metadata, list...))
	f, err := safetensors.NewFile(bytes.NewReader(out.Bytes()), int64(out.Len()), "test.safetensors")
	require.NoError(t, err)
	return f
}

func f32(name string, values ...float32) safetensors.Tensor {
	var data []byte
	for _, v := range values {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
	}
	return safetensors.Bytes(name, safetensors.Float32, []int{len(values)}, data)
}

func packed(name string, numbers ...uint64) safetensors.Tensor {
	data := packNumbers(numbers)
	return safetensors.Bytes(name, safetensors.Uint8, []int{len(data)}, data)
}

// spoiled is packed with one byte more.
func spoiled(name string, numbers ...uint64) safetensors.Tensor {
	data := append(packNumbers(numbers), 0)
	return safetensors.Bytes(name, safetensors.Uint8, []int{len(data)}, data)
}

func TestImportErrors(t *testing.T) {
	const sparse = `{"version":1,"form":"sparse","shapes":{"/w":[10]}}`
	type list = []safetensors.Tensor
	values, gaps := f32("/w.values", 1, 2), packed("/w.gaps", 3, 5) // At 3 and 9.
	visits := packed("/w.visits", 7, 8)
	store, err := importFile(file(t, sparse, values, gaps, visits, packed("/w.past_gaps", 1, 1), packed("/w.past_visits", 5, 6)), 10)
	require.NoError(t, err)
	require.Equal(t, []float32{0, 0, 0, 1, 0, 0, 0, 0, 0, 2}, store.GetVariable("/w").MustValue().Value())
	require.Equal(t, []int32{0, 5, 0, 7, 6, 0, 0, 0, 0, 8}, store.GetVariable("/dstee/w/visits").MustValue().Value())
	for _, test := range []struct {
		description string
		list        list
		want        string
	}{
		{`{`, nil, `the metadata "sparsekernel" is not the JSON`},
		{`{"version":2,"form":"sparse"}`, nil, "the file is of version 2, this program reads version 1"},
		{`{"version":1,"form":"csr"}`, nil, `the file is of form "csr"`},
		{`{"version":1,"form":"dense","shapes":{"/w":[1]}}`, nil, "but has shapes of sparse weights"},
		{`{"version":1,"form":"sparse","shapes":{"/w":[11]}}`, nil, "the shape [11] is not one of weights, or makes more than"},
		{`{"version":1,"form":"sparse","shapes":{"/w":[-1]}}`, nil, "the shape [-1] is not one of weights"},
		{`{"version":1,"form":"sparse","shapes":{"/w":[4294967296,4294967296,4294967296]}}`, nil, "is not one of weights"},
		{`{"version":1,"form":"sparse","shapes":{"w":[10]}}`, nil, `the tensor "w" is not named by the path of a variable`},
		{sparse, nil, `there is no tensor "/w.gaps"`},
		{sparse, list{gaps}, `there is no tensor "/w.values"`},
		{sparse, list{f32("/w.values", 1), gaps}, `"/w.values" has 1 values, but 2 weights are active`},
		{sparse, list{values, packed("/w.gaps", 3, 6)}, `"/w.gaps": gap 1 leads to index 10 or beyond, of 10`},
		{sparse, list{values, packed("/w.gaps", math.MaxUint64)}, `"/w.gaps": gap 0 leads to index 10`},
		{sparse, list{values, packed("/w.gaps", make([]uint64, 11)...)}, "there are more than 10 numbers"},
		{sparse, list{values, spoiled("/w.gaps", 3, 5)}, "there are 1 bytes after the compressed stream"},
		{sparse, list{values, f32("/w.gaps", 3, 5)}, `"/w.gaps" must be U8 of rank 1, it is F32`},
		{sparse, list{safetensors.Bytes("/w.values", safetensors.Int8, []int{2}, []byte{1, 2}), gaps}, "sparse weights are floats"},
		{sparse, list{values, gaps, f32("/w")}, `the weight "/w" is there in both forms`},
		{sparse, list{values, gaps, visits}, `there is no tensor "/w.past_gaps"`},
		{sparse, list{values, gaps, packed("/w.visits", 7)}, `"/w.visits": there are 1 numbers for 2 weights`},
		{sparse, list{values, gaps, packed("/w.visits", 7, 0)}, `"/w.visits": the visits at flat index 9 must be in [1, 2147483647], they are 0`},
		{sparse, list{values, gaps, packed("/w.visits", 7, 1<<31)}, "they are 2147483648"},
		{sparse, list{values, gaps, visits, packed("/w.past_gaps", 8)}, `"/w.past_gaps": gap 0 leads to index 8 or beyond, of 8`},
		{sparse, list{values, gaps, visits, packed("/w.past_gaps", 1), packed("/w.past_visits")}, `"/w.past_visits": there are 0 numbers for 1 weights`},
		{"", list{f32("weights", 1)}, `the tensor "weights" is not named by the path of a variable`},
		{"", list{f32("/w", 1), packed("/dstee/w/mask")}, "the mask of weights of shape [1] must be Bool"},
		{"", list{safetensors.Bytes("/dstee/w/mask", safetensors.Bool, []int{1}, []byte{1})}, `but no weight "/w"`},
		{"", list{safetensors.Bytes("/w", safetensors.Float8E5M2, []int{1}, []byte{1})}, "GoMLX has no tensors of F8_E5M2"},
	} {
		_, err := importFile(file(t, test.description, test.list...), 10)
		require.ErrorContains(t, err, test.want)
		require.ErrorContains(t, err, "importing test.safetensors")
	}
	_, err = Import(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

// A file changed in any one byte is refused, or is another model that is sound.
func FuzzImport(f *testing.F) {
	store := model.NewStore()
	for path, value := range map[string]any{"/w": []float32{1, 0, 0, -2}, "/b": []float32{1}, "/dstee/w/mask": []bool{true, false, false, true},
		"/dstee/w/visits": []int32{2, 0, 5, 1}} {
		tensor, err := tensors.FromAnyValue(value)
		require.NoError(f, err)
		_, err = store.CreateVariable(path, tensor)
		require.NoError(f, err)
	}
	for _, form := range []Form{Sparse, Dense} {
		path := filepath.Join(f.TempDir(), "model")
		require.NoError(f, Export(store, path, Options{Form: form}))
		data, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := safetensors.NewFile(bytes.NewReader(data), int64(len(data)), "fuzz")
		if err != nil {
			return
		}
		imported, err := importFile(file, 1<<16)
		if err != nil {
			return
		}
		for v := range imported.IterVariables() {
			v.SetTrainable(true)
		}
		if _, _, err := contents(imported, Options{}); err != nil && imported.NumVariables() > 0 {
			require.Regexp(t, "no trainable variables", fmt.Sprint(err))
		}
	})
}
