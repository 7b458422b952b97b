package trace

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ErrForeign is the error of a file that is not a trace, ErrNewer that of one by a later version of this package.
var (
	ErrForeign = errors.New("trace: not a trace")
	ErrNewer   = errors.New("trace: written by a newer version")
)

// scanner reads the lines of a file of a trace, and checks them.
type scanner struct {
	path   string
	file   io.ReaderAt
	reader *bufio.Reader

	line   int   // Number of the lines that were read.
	offset int64 // Of the byte after them.
}

// newScanner returns a scanner at the beginning of the file. path is for errors.
func newScanner(file io.ReaderAt, path string) *scanner {
	s := &scanner{path: path, file: file}
	s.seek(0, 0)
	return s
}

// seek goes to the given offset, after so many lines.
func (s *scanner) seek(offset int64, line int) {
	s.offset, s.line = offset, line
	s.reader = bufio.NewReaderSize(io.NewSectionReader(s.file, offset, 1<<62), 1<<16)
}

// next returns the next line, without its line feed. It returns io.EOF at the end of the file or at a torn last line.
func (s *scanner) next() ([]byte, error) {
	text, err := s.reader.ReadBytes('\n')
	switch {
	case err == io.EOF && torn(text):
		return nil, io.EOF
	case err == io.EOF:
		return nil, s.damage("its line feed is not there")
	case err != nil:
		return nil, fmt.Errorf("trace: reading %s: %w", s.path, err)
	}
	line := text[:len(text)-1]
	if !sealed(line) {
		return nil, s.damage("its checksum does not match")
	}
	s.line++
	s.offset += int64(len(text))
	return line, nil
}

// each shows the lines that are left to visit.
func (s *scanner) each(visit func(line []byte) error) error {
	for {
		line, err := s.next()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = visit(line)
		}
		if err != nil {
			return err
		}
	}
}

// damage is the error that the line to be read next is damaged.
func (s *scanner) damage(reason string) error {
	return &DamageError{Path: s.path, Line: s.line + 1, Offset: s.offset, Reason: reason}
}

// rejected is the error that the line that was read last has a checksum that matches, and yet makes no sense.
func (s *scanner) rejected(line []byte, reason error) error {
	return &DamageError{Path: s.path, Line: s.line, Offset: s.offset - int64(len(line)) - 1, Reason: reason.Error()}
}

// header reads the first line, which must be that of the given format.
func (s *scanner) header(format string) (Header, error) {
	start := fmt.Sprintf(`{"format":%q,`, format)
	begin, err := s.reader.Peek(len(start))
	if err != nil && err != io.EOF {
		return Header{}, fmt.Errorf("trace: reading %s: %w", s.path, err)
	}
	if !strings.HasPrefix(start, string(begin)) {
		return Header{}, fmt.Errorf("%w: %s does not begin with %s", ErrForeign, s.path, start)
	}
	line, err := s.next()
	if err == io.EOF {
		return Header{}, fmt.Errorf("%w: %s has no whole first line", ErrForeign, s.path)
	}
	if err != nil {
		return Header{}, err
	}
	var header Header
	if err := json.Unmarshal(line, &header); err != nil {
		return Header{}, s.rejected(line, err)
	}
	if header.Version > Version {
		return Header{}, fmt.Errorf("%w: %s has version %d of the format, this program reads up to %d", ErrNewer, s.path,
			header.Version, Version)
	}
	if header.Version < 1 {
		return Header{}, s.rejected(line, fmt.Errorf("version %d of the format never was", header.Version))
	}
	return header, nil
}

// Kinds of lines after the header.
const (
	kindStep   = "step"
	kindUpdate = "update"
	kindTime   = "time"
)

// parse makes a record of the line that was read last. It returns nil for a kind that it does not know, which a later
// minor change of the format may add.
func (s *scanner) parse(line []byte) (*Record, error) {
	record := &Record{Line: s.line, Offset: s.offset - int64(len(line)) - 1}
	var kind struct{ Kind string }
	if err := json.Unmarshal(line, &kind); err != nil {
		return nil, s.rejected(line, err)
	}
	var err error
	switch kind.Kind {
	case kindStep:
		record.Step = new(Step)
		err = json.Unmarshal(line, record.Step)
	case kindUpdate:
		record.Update = new(Update)
		err = json.Unmarshal(line, record.Update)
	default:
		return nil, nil
	}
	if err != nil {
		return nil, s.rejected(line, err)
	}
	return record, nil
}
