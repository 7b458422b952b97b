package interchange

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"io"
)

// packNumbers packs numbers: as LEB128, compressed by zlib.
//
// Huffman codes alone give the gaps and visits of masks about the bits of information that they hold; looking for
// repetitions, of which there are none, makes them larger and takes a hundred times as long.
func packNumbers(numbers []uint64) []byte {
	var out bytes.Buffer
	w, err := zlib.NewWriterLevel(&out, zlib.HuffmanOnly)
	var buffer []byte
	for _, n := range numbers {
		buffer = binary.AppendUvarint(buffer, n)
	}
	if err == nil {
		_, err = w.Write(buffer)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic(err) // Memory takes all that is written.
	}
	return out.Bytes()
}

// unpackNumbers is the inverse of packNumbers, of at most the given number of numbers.
func unpackNumbers(packed []byte, most int) ([]uint64, error) {
	source := bytes.NewReader(packed)
	stream, err := zlib.NewReader(source)
	if err != nil {
		return nil, err
	}
	reader := bufio.NewReader(stream)
	var numbers []uint64
	for {
		n, err := binary.ReadUvarint(reader)
		switch {
		case err == io.EOF && source.Len() > 0:
			return nil, fmt.Errorf("there are %d bytes after the compressed stream", source.Len())
		case err == io.EOF:
			return numbers, nil
		case err != nil:
			return nil, err
		case len(numbers) == most:
			return nil, fmt.Errorf("there are more than %d numbers", most)
		}
		numbers = append(numbers, n)
	}
}

// toGaps replaces ascending indices by how many indices lie between each and the one before.
func toGaps(indices []uint64) []uint64 {
	next := uint64(0)
	for at, i := range indices {
		indices[at], next = i-next, i+1
	}
	return indices
}

// fromGaps is the inverse of toGaps, for indices below size.
func fromGaps(gaps []uint64, size int) ([]uint64, error) {
	next := uint64(0)
	for at, gap := range gaps {
		if gap >= uint64(size)-next {
			return nil, fmt.Errorf("gap %d leads to index %d or beyond, of %d", at, size, size)
		}
		gaps[at] = next + gap
		next += gap + 1
	}
	return gaps, nil
}
