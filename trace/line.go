package trace

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
)

// Each line of the files is a JSON object whose last member is the checksum of the line's bytes before that member:
//
//	{"kind":"step","step":1,"scalars":{"loss":0.5},"crc":"8d3fd1a0"}
//
// The checksum is CRC-32C (Castagnoli), which CPUs compute, in eight lower-case hexadecimal digits.

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// tailSize is the number of bytes of a line after those that the checksum covers, without the line feed.
const tailSize = len(`,"crc":"00000000"}`)

// appendTail appends the end of the line that begins with body.
func appendTail(out, body []byte) []byte {
	var sum [4]byte
	binary.BigEndian.PutUint32(sum[:], crc32.Checksum(body, castagnoli))
	out = append(out, `,"crc":"`...)
	out = hex.AppendEncode(out, sum[:])
	return append(out, `"}`...)
}

// appendLine appends a line, with its line feed, of the JSON of an object that is not empty.
func appendLine(out, object []byte) []byte {
	body := object[:len(object)-1]
	return append(appendTail(append(out, body...), body), '\n')
}

// sealed tells whether a line, without its line feed, is whole.
func sealed(line []byte) bool {
	n := len(line) - tailSize
	// The beginning of the tail is looked at first, which spares a checksum for each brace that torn asks about.
	return n > 0 && line[0] == '{' && bytes.HasPrefix(line[n:], []byte(`,"crc":"`)) &&
		bytes.Equal(line[n:], appendTail(nil, line[:n]))
}

// torn tells whether text, that has no line feed and ends the file, may be the beginning of a line that is being written
// or was cut off. A whole line with something else after it is not: its line feed was damaged.
func torn(text []byte) bool {
	for rest := text; ; {
		end := bytes.LastIndexByte(rest, '}')
		if end < 0 {
			return true
		}
		if end+1 < len(text) && sealed(text[:end+1]) {
			return false
		}
		rest = rest[:end]
	}
}

// DamageError says where a file of a trace is damaged. What came before that place is good.
type DamageError struct {
	Path   string // Of the file.
	Line   int    // Number of the damaged line, counted from 1.
	Offset int64  // Of the damaged line's first byte in the file.
	Reason string
}

// Error names the file, the line and the offset.
func (e *DamageError) Error() string {
	return fmt.Sprintf("trace: %s is damaged in line %d, at byte %d: %s; what comes before is good",
		e.Path, e.Line, e.Offset, e.Reason)
}
