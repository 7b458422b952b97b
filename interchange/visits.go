package interchange

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// packVisits packs visits, row-major, in two streams compressed by zlib, of numbers in LEB128: for each weight that was
// ever active, how many never active lie between it and the one before; and its visits.
//
// Gaps and counts apart, each with a code of its own, take about the bits of information that they hold.
func packVisits(visits []int32) (gaps, counts []byte) {
	var rawGaps, rawCounts []byte
	gap := uint64(0)
	for _, n := range visits {
		if n == 0 {
			gap++
			continue
		}
		rawGaps = binary.AppendUvarint(rawGaps, gap)
		rawCounts = binary.AppendUvarint(rawCounts, uint64(n))
		gap = 0
	}
	return deflate(rawGaps), deflate(rawCounts)
}

// deflate compresses in memory, which cannot fail. Gaps and counts have no repetitions to find: Huffman codes alone make
// them smaller than looking for any, in a hundredth of the time.
func deflate(data []byte) []byte {
	var out bytes.Buffer
	w, err := zlib.NewWriterLevel(&out, zlib.HuffmanOnly)
	if err == nil {
		_, err = w.Write(data)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic(err)
	}
	return out.Bytes()
}

// unpackVisits is the inverse of packVisits. visits must be zero and have the length of the packed ones.
func unpackVisits(gaps, counts []byte, visits []int32) error {
	gapReader, err := newNumbers(gaps)
	if err != nil {
		return fmt.Errorf("the gaps: %w", err)
	}
	countReader, err := newNumbers(counts)
	if err != nil {
		return fmt.Errorf("the counts: %w", err)
	}
	for at := 0; ; at++ {
		gap, err := gapReader.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("the gaps: %w", err)
		}
		if gap >= uint64(len(visits)-at) {
			return fmt.Errorf("the gaps go beyond the %d weights", len(visits))
		}
		at += int(gap)
		n, err := countReader.next()
		switch {
		case err == io.EOF:
			return errors.New("there are more gaps than counts")
		case err != nil:
			return fmt.Errorf("the counts: %w", err)
		case n < 1 || n > math.MaxInt32:
			return fmt.Errorf("the count at flat index %d must be in [1, %d], it is %d", at, math.MaxInt32, n)
		}
		visits[at] = int32(n)
	}
	if _, err := countReader.next(); err == nil {
		return errors.New("there are more counts than gaps")
	} else if err != io.EOF {
		return fmt.Errorf("the counts: %w", err)
	}
	return nil
}

// numbers reads LEB128 numbers that zlib compressed.
type numbers struct {
	packed *bytes.Reader
	plain  *bufio.Reader
}

func newNumbers(packed []byte) (*numbers, error) {
	n := &numbers{packed: bytes.NewReader(packed)}
	stream, err := zlib.NewReader(n.packed)
	if err != nil {
		return nil, err
	}
	n.plain = bufio.NewReader(stream)
	return n, nil
}

// next returns the next number, or io.EOF if the stream ended whole.
func (n *numbers) next() (uint64, error) {
	v, err := binary.ReadUvarint(n.plain)
	if err == io.EOF && n.packed.Len() > 0 {
		return 0, fmt.Errorf("there are %d bytes after the compressed stream", n.packed.Len())
	}
	return v, err
}
