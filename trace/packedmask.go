package trace

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"

	"github.com/sparsekernel/sparsekernel/internal/bitset"
)

// PackedMask is a mask on disk: one bit per weight, compressed. Bit i%8 (from the lowest) of byte i/8 is the weight with
// the flat, row-major index i.
type PackedMask struct {
	// Base says what the bits are to be combined with by exclusive or: "" for nothing, or "before" for the mask of the
	// same layer in the update before that was not skipped.
	Base string `json:"base,omitempty"`
	Zlib []byte `json:"zlib"` // The bytes in zlib's format (RFC 1950); in the JSON they are in base64.
}

// baseBefore is the PackedMask.Base of a difference to the mask before.
const baseBefore = "before"

// compressor compresses masks. Its zero value is ready; it is kept for the memory it holds.
type compressor struct {
	buffer bytes.Buffer
	zlib   *zlib.Writer
}

// compress returns the first n bits in zlib's format.
func (c *compressor) compress(b bitset.Set, n int) []byte {
	c.buffer.Reset()
	if c.zlib == nil {
		// The bits are noise but for their density: what Huffman codes save on whole bytes is most of what there is to save.
		c.zlib, _ = zlib.NewWriterLevel(&c.buffer, compression) // The level is valid.
	} else {
		c.zlib.Reset(&c.buffer)
	}
	_, _ = c.zlib.Write(b.Bytes(n)) // A bytes.Buffer never fails.
	_ = c.zlib.Close()
	return bytes.Clone(c.buffer.Bytes())
}

const compression = zlib.BestSpeed

// decode returns the n bits of the mask, given the mask before if there is one.
func (p *PackedMask) decode(n int, before bitset.Set) (bitset.Set, error) {
	reader, err := zlib.NewReader(bytes.NewReader(p.Zlib))
	if err != nil {
		return nil, fmt.Errorf("the mask is not in zlib's format: %w", err)
	}
	// One byte more than wanted tells a mask that is too long without unpacking all of it.
	data, err := io.ReadAll(io.LimitReader(reader, int64((n+7)/8+1)))
	if err != nil {
		return nil, fmt.Errorf("unpacking the mask: %w", err)
	}
	b, ok := bitset.OfBytes(data, n)
	if !ok {
		return nil, fmt.Errorf("the mask does not have one bit for each of %d weights", n)
	}
	switch p.Base {
	case "":
		return b, nil
	case baseBefore:
		if before == nil {
			return nil, fmt.Errorf("the mask is a difference to the one before, and there is none")
		}
		return b.Xor(before), nil
	}
	return nil, fmt.Errorf("the mask has the unknown base %q", p.Base)
}
