package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// metadataKey is the key of the header that is no tensor.
const metadataKey = "__metadata__"

// maxHeader bounds the header, in bytes. It is the limit of the format's reference implementation.
const maxHeader = 100_000_000

// Tensor is a tensor to write: what it is, and the function that writes its values when their turn comes.
type Tensor struct {
	Info

	// WriteData writes the values, row-major and little-endian. It must write exactly the bytes that dtype and shape take.
	WriteData func(w io.Writer) error
}

// Bytes returns a tensor of the given values, row-major and little-endian. They are not copied.
func Bytes(name string, dtype DType, shape []int, data []byte) Tensor {
	return Tensor{Info: Info{Name: name, DType: dtype, Shape: shape}, WriteData: func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	}}
}

// Write writes a file of the tensors and the metadata, which may be nil. Whatever order the tensors are given in, those
// with wider values come first, then the order is that of their names, so that every value is aligned in the file.
//
// Nothing is written if the names, dtypes or shapes are not valid.
func Write(w io.Writer, metadata map[string]string, tensors ...Tensor) error {
	ordered := slices.Clone(tensors)
	slices.SortStableFunc(ordered, func(a, b Tensor) int {
		return cmp.Or(cmp.Compare(b.DType.Size(), a.DType.Size()), strings.Compare(a.Name, b.Name))
	})
	end := int64(0)
	for i := range ordered {
		info := &ordered[i].Info
		size, err := info.Size()
		if err != nil {
			return fmt.Errorf("safetensors: tensor %q: %w", info.Name, err)
		}
		info.Begin, info.End = end, end+size
		if end = info.End; end < info.Begin {
			return fmt.Errorf("safetensors: up to tensor %q there are more bytes than there can be in a file", info.Name)
		}
	}
	header, err := encodeHeader(metadata, ordered)
	if err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	if _, err := w.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(header)))); err != nil {
		return fmt.Errorf("safetensors: writing the header: %w", err)
	}
	if _, err := w.Write(header); err != nil {
		return fmt.Errorf("safetensors: writing the header: %w", err)
	}
	for _, t := range ordered {
		counter := &countingWriter{w: w}
		if err := t.WriteData(counter); err != nil {
			return fmt.Errorf("safetensors: writing tensor %q: %w", t.Name, err)
		}
		if want := t.End - t.Begin; counter.n != want {
			return fmt.Errorf("safetensors: tensor %q, %s of shape %v, takes %d bytes, but its data had %d",
				t.Name, t.DType, t.Shape, want, counter.n)
		}
	}
	return nil
}

// countingWriter counts what is written through it.
type countingWriter struct {
	w io.Writer
	n int64
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// encodeHeader returns the header, padded so that the data after it are aligned to 8 bytes.
func encodeHeader(metadata map[string]string, tensors []Tensor) ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	if len(metadata) > 0 {
		for key, value := range metadata {
			if !utf8.ValidString(key) || !utf8.ValidString(value) {
				return nil, fmt.Errorf("the metadata %q: %q is not UTF-8", key, value)
			}
		}
		writeJSON(&out, metadataKey)
		out.WriteByte(':')
		writeJSON(&out, metadata)
	}
	seen := make(map[string]bool, len(tensors))
	for _, t := range tensors {
		switch {
		case t.Name == metadataKey:
			return nil, fmt.Errorf("a tensor cannot be named %q, which the format keeps for itself", metadataKey)
		case seen[t.Name]:
			return nil, fmt.Errorf("there are two tensors named %q", t.Name)
		case !utf8.ValidString(t.Name):
			return nil, fmt.Errorf("the tensor name %q is not UTF-8", t.Name)
		}
		seen[t.Name] = true
		if out.Len() > 1 {
			out.WriteByte(',')
		}
		writeJSON(&out, t.Name)
		out.WriteByte(':')
		shape := t.Shape
		if shape == nil {
			shape = []int{}
		}
		writeJSON(&out, struct {
			DType   DType    `json:"dtype"`
			Shape   []int    `json:"shape"`
			Offsets [2]int64 `json:"data_offsets"`
		}{t.DType, shape, [2]int64{t.Begin, t.End}})
	}
	out.WriteByte('}')
	for out.Len()%8 != 0 {
		out.WriteByte(' ')
	}
	if out.Len() > maxHeader {
		return nil, fmt.Errorf("the header of %d tensors takes %d bytes, the format allows %d", len(tensors), out.Len(), maxHeader)
	}
	return out.Bytes(), nil
}

// writeJSON appends a value made of strings and integers, for which encoding cannot fail.
func writeJSON(out *bytes.Buffer, value any) {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err)
	}
	out.Truncate(out.Len() - 1) // The encoder's newline.
}
