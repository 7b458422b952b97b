package work

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
)

// BatchCount is the number of different batches that training goes round.
const BatchCount = 4

// Batches are the numbers that all peers train on.
type Batches struct {
	Inputs [][]float32 // Per batch, [batch, <shape of an example...>] in row-major order, in [-1, 1).
	Labels [][]int32   // Per batch, [batch].
}

// NewBatches draws the batches of a work.
func NewBatches(w Work, seed uint64) *Batches {
	rng := rand.New(rand.NewPCG(seed, 0))
	b := &Batches{}
	for range BatchCount {
		inputs := make([]float32, w.Batch*w.InputSize())
		for i := range inputs {
			inputs[i] = 2*rng.Float32() - 1
		}
		labels := make([]int32, w.Batch)
		for i := range labels {
			labels[i] = int32(rng.IntN(max(w.Classes, 2)))
		}
		b.Inputs, b.Labels = append(b.Inputs, inputs), append(b.Labels, labels)
	}
	return b
}

// Write writes the batches to a file: the inputs of all, float32, then the labels of all, int32, little-endian.
func (b *Batches) Write(path string) error {
	var buffer bytes.Buffer
	for _, inputs := range b.Inputs {
		_ = binary.Write(&buffer, binary.LittleEndian, inputs) // To memory, numbers alone.
	}
	for _, labels := range b.Labels {
		_ = binary.Write(&buffer, binary.LittleEndian, labels)
	}
	return os.WriteFile(path, buffer.Bytes(), 0o644)
}

// ReadBatches reads the batches of a work from a file that [Batches.Write] wrote.
func ReadBatches(path string, w Work) (*Batches, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading batches: %w", err)
	}
	if want := 4 * BatchCount * w.Batch * (w.InputSize() + 1); len(data) != want {
		return nil, fmt.Errorf("reading batches: %s has %d bytes, want %d for %s", path, len(data), want, w.Name)
	}
	b, r := &Batches{}, bytes.NewReader(data)
	for range BatchCount {
		inputs := make([]float32, w.Batch*w.InputSize())
		_ = binary.Read(r, binary.LittleEndian, inputs) // Of the length checked above.
		b.Inputs = append(b.Inputs, inputs)
	}
	for range BatchCount {
		labels := make([]int32, w.Batch)
		_ = binary.Read(r, binary.LittleEndian, labels)
		b.Labels = append(b.Labels, labels)
	}
	return b, nil
}
