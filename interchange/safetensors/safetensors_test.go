package safetensors_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/interchange/safetensors"
)

// write returns a file's bytes.
func write(t testing.TB, metadata map[string]string, list ...safetensors.Tensor) []byte {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, safetensors.Write(&out, metadata, list...))
	return out.Bytes()
}

func open(data []byte) (*safetensors.File, error) {
	return safetensors.NewFile(bytes.NewReader(data), int64(len(data)), "test.safetensors")
}

func Example() {
	var file bytes.Buffer
	weights, _ := safetensors.OfTensor("weights", tensors.FromValue([][]float32{{1, 0}, {0, 2}}))
	mask := safetensors.Bytes("mask", safetensors.Bool, []int{2, 2}, []byte{1, 0, 0, 1})
	if err := safetensors.Write(&file, map[string]string{"step": "100"}, weights, mask); err != nil {
		panic(err)
	}
	read, err := safetensors.NewFile(bytes.NewReader(file.Bytes()), int64(file.Len()), "example")
	if err != nil {
		panic(err)
	}
	for _, info := range read.Tensors() {
		fmt.Println(info.Name, info.DType, info.Shape)
	}
	t, err := read.Tensor("mask")
	fmt.Println(t.Value(), err, read.Metadata()["step"])
	// Output:
	// weights F32 [2 2]
	// mask BOOL [2 2]
	// [[true false] [false true]] <nil> 100
}

// Every dtype goes through a file unchanged, and so do scalars and empty tensors.
func TestRoundTrip(t *testing.T) {
	var list []safetensors.Tensor
	want := map[string]*tensors.Tensor{}
	for _, dtype := range []dtypes.DType{dtypes.Bool, dtypes.Int8, dtypes.Int16, dtypes.Int32, dtypes.Int64, dtypes.Uint8,
		dtypes.Uint16, dtypes.Uint32, dtypes.Uint64, dtypes.Float16, dtypes.BFloat16, dtypes.Float32, dtypes.Float64,
		dtypes.Complex64} {
		for _, dims := range [][]int{{}, {3}, {2, 0, 5}, {2, 3}} {
			tensor := tensors.FromShape(shapes.Make(dtype, dims...))
			if tensor.Size() > 0 {
				require.NoError(t, tensor.MutableBytes(func(data []byte) {
					for i := range data {
						data[i] = byte(i*37 + 1)
						if dtype == dtypes.Bool {
							data[i] &= 1
						}
					}
				}))
			}
			name := fmt.Sprintf("/%s<%d>", dtype, dims)
			item, err := safetensors.OfTensor(name, tensor)
			require.NoError(t, err)
			list = append(list, item)
			want[name] = tensor
		}
	}
	metadata := map[string]string{"a": "<&>\u2028\"", "": "", "ä": "\x00"}
	data := write(t, metadata, list...)
	f, err := open(data)
	require.NoError(t, err)
	require.Equal(t, metadata, f.Metadata())
	require.Len(t, f.Tensors(), len(want))
	for name, tensor := range want {
		got, err := f.Tensor(name)
		require.NoError(t, err)
		require.True(t, got.Shape().Equal(tensor.Shape()), "%s: %s", name, got.Shape())
		if tensor.Size() > 0 {
			require.NoError(t, tensor.ConstBytes(func(data []byte) {
				raw, err := f.Read(name)
				require.NoError(t, err)
				require.Equal(t, data, raw, name)
				require.NoError(t, got.ConstBytes(func(data []byte) { require.Equal(t, raw, data, name) }))
			}))
		}
		info, found := f.Lookup(name)
		require.True(t, found)
		require.Zero(t, info.Begin%int64(info.DType.Size()), "%s is not aligned", name)
	}
	slices.Reverse(list)
	require.Equal(t, data, write(t, metadata, list...), "the bytes depend on the order in which tensors are given")
	require.Zero(t, binary.LittleEndian.Uint64(data)%8)
}

// Floats of 8 bits are bytes to GoMLX's tensors, which do not hold them.
func TestFloat8(t *testing.T) {
	f, err := open(write(t, nil, safetensors.Bytes("w", safetensors.Float8E4M3, []int{2}, []byte{1, 2})))
	require.NoError(t, err)
	data, err := f.Read("w")
	require.NoError(t, err)
	require.Equal(t, []byte{1, 2}, data)
	_, err = f.Tensor("w")
	require.ErrorContains(t, err, `tensor "w": GoMLX has no tensors of F8_E4M3`)
}

func TestWriteErrors(t *testing.T) {
	f32 := func(name string, shape []int, data []byte) safetensors.Tensor {
		return safetensors.Bytes(name, safetensors.Float32, shape, data)
	}
	for want, list := range map[string][]safetensors.Tensor{
		`two tensors named "w"`:     {f32("w", []int{1}, make([]byte, 4)), f32("w", []int{2}, make([]byte, 8))},
		`cannot be named`:           {f32("__metadata__", nil, make([]byte, 4))},
		`is not UTF-8`:              {f32("\xff", nil, make([]byte, 4))},
		`unknown dtype "F33"`:       {safetensors.Bytes("w", "F33", nil, nil)},
		`negative dimension`:        {f32("w", []int{-1}, nil)},
		`more bytes than there can`: {f32("w", []int{1 << 40, 1 << 40}, nil)},
		`tensor "w", F32 of shape [2], takes 8 bytes, but its data had 7`: {f32("w", []int{2}, make([]byte, 7))},
	} {
		require.ErrorContains(t, safetensors.Write(io.Discard, nil, list...), want)
	}
	require.ErrorContains(t, safetensors.Write(io.Discard, map[string]string{"k": "\xff"}), "not UTF-8")
	full := errors.New("no space left on device")
	failing := safetensors.Tensor{Info: safetensors.Info{Name: "w", DType: safetensors.Bool, Shape: []int{1}},
		WriteData: func(io.Writer) error { return full }}
	err := safetensors.Write(io.Discard, nil, failing)
	require.ErrorIs(t, err, full)
	require.ErrorContains(t, err, `tensor "w"`)
}

// raw is a file with the given header and size of data.
func raw(header string, dataSize int) []byte {
	return append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...), make([]byte, dataSize)...)
}

func TestReadErrors(t *testing.T) {
	tensor := func(name, dtype, shape, offsets string) string {
		return fmt.Sprintf(`%q:{"dtype":%q,"shape":%s,"data_offsets":%s}`, name, dtype, shape, offsets)
	}
	one := tensor("w", "F32", "[2]", "[0,8]")
	for _, test := range []struct {
		data []byte
		want string
	}{
		{nil, "0 bytes is truncated"},
		{make([]byte, 7), "7 bytes is truncated"},
		{raw("", 0), `does not begin with "{"`},
		{raw(" {}", 0), `does not begin with "{"`},
		{raw("{", 0), "unexpected EOF"},
		{raw("{}", 1), "1 bytes after the header"},
		{raw("{}{}", 0), "goes on after"},
		{raw(`{"`+"\xff"+`":1}`, 0), "not UTF-8"},
		{bytes.Repeat([]byte{0xFF}, 20), "no safetensors file"},
		{append(binary.LittleEndian.AppendUint64(nil, 100), "{}"...), "takes 100 bytes, but only 2 follow"},
		{raw("{"+one+"}", 7), `tensor "w" ends at offset 8, but the file ends 7 bytes after its header`},
		{raw("{"+one+"}", 9), `1 bytes after tensor "w", which ends at offset 8`},
		{raw("{"+one+","+one+"}", 8), `"w" comes twice`},
		{raw("{"+tensor("w", "F32", "[2]", "[0,4]")+"}", 4), `tensor "w": the offsets [0, 4] hold 4 bytes, but F32 of shape [2] takes 8`},
		{raw("{"+tensor("w", "F32", "[2]", "[8,0]")+"}", 8), `tensor "w": the offsets [8, 0]`},
		{raw("{"+one+","+tensor("v", "F32", "[2]", "[4,12]")+"}", 12), `tensor "v" at offset 4 overlaps tensor "w", which ends at 8`},
		{raw("{"+one+","+tensor("v", "F32", "[2]", "[9,17]")+"}", 17), `tensor "v" at offset 9 leaves a hole after tensor "w", which ends at 8`},
		{raw("{"+tensor("w", "F4", "[2]", "[0,1]")+"}", 1), `tensor "w": unknown dtype "F4"`},
		{raw("{"+tensor("w", "F32", "[-2]", "[0,8]")+"}", 8), "want an integer that is not negative, got -2"},
		{raw("{"+tensor("w", "F32", "[2.0]", "[0,8]")+"}", 8), "want an integer that is not negative, got 2.0"},
		{raw("{"+tensor("w", "F32", `["2"]`, "[0,8]")+"}", 8), "want an integer that is not negative, got 2"},
		{raw("{"+tensor("w", "F32", "[4294967296,4294967296]", "[0,8]")+"}", 8), "more bytes than there can be"},
		{raw("{"+tensor("w", "F32", "[2]", "[0,99999999999999999999]")+"}", 8), "data_offsets: want an integer"},
		{raw("{"+tensor("w", "F32", "[2]", "[8]")+"}", 8), "data_offsets: want 2 numbers, got 1"},
		{raw(`{"w":{"dtype":"F32","shape":[2]}}`, 8), "a tensor needs dtype, shape and data_offsets"},
		{raw(`{"w":{"dtype":"F32","shape":[2],"offset":[0,8]}}`, 8), `unknown field "offset"`},
		{raw(`{"w":[]}`, 8), `tensor "w": want "{"`},
		{raw(`{"__metadata__":{"step":100}}`, 0), `__metadata__ "step": want a string, got 100`},
		{raw(`{"__metadata__":{"a":"1","a":"2"}}`, 0), `"a" comes twice`},
	} {
		_, err := open(test.data)
		require.ErrorContains(t, err, test.want, "%q", test.data)
		require.ErrorContains(t, err, "safetensors: test.safetensors: ")
	}
}

// A file cut at any byte is refused.
func TestTruncated(t *testing.T) {
	data := write(t, map[string]string{"step": "1"}, safetensors.Bytes("w", safetensors.Float32, []int{3}, make([]byte, 12)),
		safetensors.Bytes("m", safetensors.Bool, []int{3}, make([]byte, 3)))
	for n := range data {
		_, err := open(data[:n])
		require.Error(t, err, "%d of %d bytes", n, len(data))
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	_, err := safetensors.Open(filepath.Join(dir, "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = safetensors.Open(dir)
	require.ErrorContains(t, err, "is not a regular file")
	path := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(path, write(t, nil, safetensors.Bytes("b", safetensors.Bool, []int{2}, []byte{1, 2})), 0o644))
	f, err := safetensors.Open(path)
	require.NoError(t, err)
	require.Nil(t, f.Metadata())
	require.Equal(t, path, f.Name())
	_, err = f.Tensor("b")
	require.ErrorContains(t, err, `file: reading tensor "b": a BOOL is 0 or 1, byte 1 is 2`)
	_, err = f.Read("c")
	require.ErrorContains(t, err, `there is no tensor "c", only ["b"]`)
	require.ErrorContains(t, f.ReadInto("b", make([]byte, 3)), `tensor "b" has 2 bytes, but there is room for 3`)
	require.NoError(t, f.Close())
	_, err = f.Read("b")
	require.ErrorIs(t, err, os.ErrClosed)
}

// A header may claim much: what it is given is bounded by what is there.
func TestHugeClaims(t *testing.T) {
	for _, n := range []uint64{1 << 20, 100_000_000, 100_000_001, 1 << 63, 1<<64 - 1} {
		data := append(binary.LittleEndian.AppendUint64(nil, n), "{}"...)
		allocated := testing.AllocsPerRun(1, func() { _, _ = open(data) })
		require.Less(t, allocated, 100.0)
	}
	deep := strings.Repeat("[", 1_000_000)
	_, err := open(raw(`{"w":{"dtype":"F32","shape":`+deep, 0))
	require.Error(t, err)
}

// Whatever the bytes are, they are refused, or are a file that can be read and written again with the same content.
func FuzzNewFile(f *testing.F) {
	f.Add(write(f, map[string]string{"step": "1"}, safetensors.Bytes("w", safetensors.Float32, []int{2, 1}, make([]byte, 8)),
		safetensors.Bytes("m", safetensors.Bool, []int{0}, nil)))
	f.Add(raw(`{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 8))
	f.Add(raw(`{"__metadata__":{"a":""},"w":{"shape":[],"dtype":"U8","data_offsets":[0,1]}}   `, 1))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := open(data)
		if err != nil {
			return
		}
		var list []safetensors.Tensor
		for _, info := range file.Tensors() {
			content, err := file.Read(info.Name)
			require.NoError(t, err)
			list = append(list, safetensors.Bytes(info.Name, info.DType, info.Shape, content))
			_, err = file.Tensor(info.Name)
			if _, held := info.DType.GoMLX(); held == nil && info.DType != safetensors.Bool {
				require.NoError(t, err)
			}
		}
		again, err := open(write(t, file.Metadata(), list...))
		require.NoError(t, err)
		require.Equal(t, file.Metadata(), again.Metadata())
		require.Len(t, again.Tensors(), len(list))
		for _, tensor := range list {
			before, err := file.Read(tensor.Name)
			require.NoError(t, err)
			after, err := again.Read(tensor.Name)
			require.NoError(t, err)
			require.Equal(t, before, after)
		}
	})
}
