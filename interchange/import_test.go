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

func i32(name string, values ...int32) safetensors.Tensor {
	var data []byte
	for _, v := range values {
		data = binary.LittleEndian.AppendUint32(data, uint32(v))
	}
	return safetensors.Bytes(name, safetensors.Int32, []int{len(values)}, data)
}

func f32(name string, values ...float32) safetensors.Tensor {
	var data []byte
	for _, v := range values {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
	}
	return safetensors.Bytes(name, safetensors.Float32, []int{len(values)}, data)
}

func u8(name string, values ...byte) safetensors.Tensor {
	return safetensors.Bytes(name, safetensors.Uint8, []int{len(values)}, values)
}

func TestImportErrors(t *testing.T) {
	const sparse = `{"version":1,"form":"sparse","shapes":{"/w":[10]}}`
	values, indices := f32("/w.values", 1, 2), i32("/w.indices", 3, 9)
	gaps, counts := packVisits([]int32{0, 0, 0, 1, 0, 0, 0, 0, 0, 2})
	_, err := importFile(file(t, sparse, values, indices, u8("/w.visit_gaps", gaps...), u8("/w.visit_counts", counts...)), 10)
	require.NoError(t, err)
	fewer, fewerCounts := packVisits([]int32{0, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	longer, _ := packVisits([]int32{0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 5})
	for _, test := range []struct {
		description string
		list        []safetensors.Tensor
		want        string
	}{
		{`{`, nil, `the metadata "sparsekernel" is not the JSON`},
		{`{"version":2,"form":"sparse"}`, nil, "the file is of version 2, this program reads version 1"},
		{`{"version":1,"form":"csr"}`, nil, `the file is of form "csr"`},
		{`{"version":1,"form":"dense","shapes":{"/w":[1]}}`, nil, "but has shapes of sparse weights"},
		{`{"version":1,"form":"sparse","shapes":{"/w":[11]}}`, nil, "the shape [11] is not one of weights, or makes more than"},
		{`{"version":1,"form":"sparse","shapes":{"/w":[-1]}}`, nil, "the shape [-1] is not one of weights"},
		{`{"version":1,"form":"sparse","shapes":{"/w":[4294967296,4294967296,4294967296]}}`, nil, "is not one of weights"},
		{sparse, nil, `there is no tensor "/w.indices"`},
		{sparse, []safetensors.Tensor{indices}, `there is no tensor "/w.values"`},
		{sparse, []safetensors.Tensor{f32("/w.values", 1), indices}, `"/w.values" has 1 values, but 2 weights are active`},
		{sparse, []safetensors.Tensor{values, i32("/w.indices", 9, 3)}, `"/w.indices" must ascend in [0, 10), entry 1 after 9 is 3`},
		{sparse, []safetensors.Tensor{values, i32("/w.indices", 3, 3)}, "entry 1 after 3 is 3"},
		{sparse, []safetensors.Tensor{values, i32("/w.indices", 3, 10)}, "entry 1 after 3 is 10"},
		{sparse, []safetensors.Tensor{values, i32("/w.indices", -1, 3)}, "entry 0 after -1 is -1"},
		{sparse, []safetensors.Tensor{values, f32("/w.indices", 3, 9)}, `"/w.indices" must be I32 of rank 1, it is F32`},
		{sparse, []safetensors.Tensor{i32("/w.values", 1, 2), indices}, "sparse weights are floats"},
		{sparse, []safetensors.Tensor{values, u8("/w.mask", 3)}, `"/w.mask" has 1 bytes, 10 bits take 2`},
		{sparse, []safetensors.Tensor{values, u8("/w.mask", 1, 4)}, "bits set beyond the 10 weights"},
		{sparse, []safetensors.Tensor{values, indices, f32("/w")}, `the weight "/w" is there in both forms`},
		{sparse, []safetensors.Tensor{values, indices, u8("/w.visit_gaps", 1), u8("/w.visit_counts", counts...)}, `"/w": reading the visits: the gaps`},
		{sparse, []safetensors.Tensor{values, indices, u8("/w.visit_gaps", gaps...)}, `there is no tensor "/w.visit_counts"`},
		{sparse, []safetensors.Tensor{values, indices, u8("/w.visit_gaps", gaps...), u8("/w.visit_counts", fewerCounts...)}, "more gaps than counts"},
		{sparse, []safetensors.Tensor{values, indices, u8("/w.visit_gaps", fewer...), u8("/w.visit_counts", counts...)}, "more counts than gaps"},
		{sparse, []safetensors.Tensor{values, indices, u8("/w.visit_gaps", longer...), u8("/w.visit_counts", counts...)}, "the gaps go beyond the 10 weights"},
		{sparse, []safetensors.Tensor{values, indices, u8("/w.visit_gaps", gaps...), u8("/w.visit_counts", append(counts, 0)...)}, "1 bytes after the compressed stream"},
		{sparse, []safetensors.Tensor{values, indices, u8("/w.visit_gaps", fewer...), u8("/w.visit_counts", fewerCounts...)}, "the visits at flat index 9 are 0"},
		{"", []safetensors.Tensor{f32("weights", 1)}, `the tensor "weights" is not named by the path of a variable`},
		{"", []safetensors.Tensor{f32("/w", 1), u8("/dstee/w/mask", 1)}, "the mask of weights of shape [1] must be Bool"},
		{"", []safetensors.Tensor{safetensors.Bytes("/dstee/w/mask", safetensors.Bool, []int{1}, []byte{1})}, `but no weight "/w"`},
		{"", []safetensors.Tensor{safetensors.Bytes("/w", safetensors.Float8E5M2, []int{1}, []byte{1})}, "GoMLX has no tensors of F8_E5M2"},
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
