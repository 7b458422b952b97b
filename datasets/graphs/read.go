package graphs

import (
	"bufio"
	"compress/gzip"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"
)

// maxLineBytes is the longest line that is read.
const maxLineBytes = 1 << 16

// ReadFile reads a graph from a file in Matrix Market format, which begins with %%MatrixMarket, or else an edge list;
// either may be gzip-compressed. See [ReadMatrixMarket] and [ReadEdgeList].
func ReadFile(path string) (*Graph, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, errors.Wrap(err, "graph")
	}
	defer file.Close()
	r := bufio.NewReaderSize(file, maxLineBytes)
	if magic, _ := r.Peek(2); len(magic) == 2 && magic[0] == 0x1F && magic[1] == 0x8B {
		unzipped, err := gzip.NewReader(r)
		if err != nil {
			return nil, errors.Wrapf(err, "%s: gzip", path)
		}
		r = bufio.NewReaderSize(unzipped, maxLineBytes)
	}
	var g *Graph
	if magic, _ := r.Peek(len(banner)); strings.EqualFold(string(magic), banner) {
		g, err = ReadMatrixMarket(r)
	} else {
		g, err = ReadEdgeList(r)
	}
	return g, errors.WithMessage(err, path)
}

// ReadEdgeList reads a graph as the Stanford Network Analysis Project (SNAP) has them: an edge per line, two node numbers
// from 0 to 2⁶³-1 with tabs or spaces between them; lines that begin with # or % are comments, blank lines do not count.
// Further columns, such as a time, are left out. Direction is lost.
//
// Numbers that occur become nodes 0, 1, 2 and so on in increasing order. Errors name the line and the byte offset at
// which it begins.
func ReadEdgeList(r io.Reader) (*Graph, error) {
	lines := newLines(r)
	var ends []int64 // of edge i: at 2i and 2i+1
	for lines.next() {
		if text := strings.TrimSpace(lines.text); text == "" || text[0] == '#' || text[0] == '%' {
			continue
		}
		x, y, _, err := twoNumbers(lines.text, math.MaxInt64)
		if err != nil {
			return nil, lines.errorf("%v", err)
		}
		if len(ends)/2 == math.MaxInt32 {
			return nil, lines.errorf("more than %d edges", math.MaxInt32)
		}
		ends = append(ends, x, y)
	}
	if err := lines.err(); err != nil {
		return nil, err
	}
	if len(ends) == 0 {
		return nil, errors.New("the edge list is empty, want lines of two node numbers")
	}
	numbers := slices.Clone(ends)
	slices.Sort(numbers)
	numbers = slices.Compact(numbers)
	if len(numbers) > maxNodes {
		return nil, errors.Errorf("the edge list has %d nodes, want at most %d", len(numbers), maxNodes)
	}
	node := func(number int64) int32 {
		i, _ := slices.BinarySearch(numbers, number)
		return int32(i)
	}
	edges := make([]Pair, len(ends)/2)
	for i := range edges {
		edges[i] = Pair{node(ends[2*i]), node(ends[2*i+1])}
	}
	return New(len(numbers), edges)
}

// banner begins a Matrix Market file.
const banner = "%%MatrixMarket"

// ReadMatrixMarket reads the graph of a square sparse matrix in Matrix Market format (Boisvert, Pozo and Remington, NISTIR
// 5935, 1996): coordinate, of type pattern, real or integer, and general or symmetric. Row i, counted from 1, is node i-1;
// there is an edge for each entry, whatever its value. Direction is lost. Rows without entries are nodes, too.
//
// Errors name the line and the byte offset at which it begins.
func ReadMatrixMarket(r io.Reader) (*Graph, error) {
	lines := newLines(r)
	if !lines.next() {
		if err := lines.err(); err != nil {
			return nil, err
		}
		return nil, errors.Errorf("the file is empty, want %s", banner)
	}
	valued, err := parseBanner(lines.text)
	if err != nil {
		return nil, lines.errorf("%v", err)
	}
	nodes, entries := int64(-1), int64(-1)
	var edges []Pair
	for lines.next() {
		text := strings.TrimSpace(lines.text)
		if text == "" || text[0] == '%' {
			continue
		}
		x, y, rest, err := twoNumbers(text, maxNodes)
		if err != nil {
			return nil, lines.errorf("%v", err)
		}
		if nodes < 0 {
			count, err := strconv.ParseInt(strings.TrimSpace(rest), 10, 64)
			if err != nil || count < 0 || count > math.MaxInt32 {
				return nil, lines.errorf("number of entries is %q, want an integer from 0 to %d", rest, math.MaxInt32)
			}
			if x != y {
				return nil, lines.errorf("the matrix is %d by %d, want a square one, of a graph", x, y)
			}
			nodes, entries = x, count
			continue
		}
		if min(x, y) < 1 || max(x, y) > nodes {
			return nil, lines.errorf("entry at row %d, column %d, want 1 to %d", x, y, nodes)
		}
		if err := checkValue(rest, valued); err != nil {
			return nil, lines.errorf("%v", err)
		}
		if int64(len(edges)) == entries {
			return nil, lines.errorf("an entry after the %d that were announced", entries)
		}
		edges = append(edges, Pair{int32(x - 1), int32(y - 1)})
	}
	if err := lines.err(); err != nil {
		return nil, err
	}
	if nodes < 0 {
		return nil, lines.errorf("the file ends, want the numbers of rows, columns and entries")
	}
	if int64(len(edges)) < entries {
		return nil, lines.errorf("the file ends after %d entries, want %d", len(edges), entries)
	}
	// A small file may announce many nodes.
	if most := int64(len(edges))*64 + 1<<20; nodes > most {
		return nil, errors.Errorf("%d nodes for %d entries, want at most %d", nodes, len(edges), most)
	}
	return New(int(nodes), edges)
}

// parseBanner reads the first line of a Matrix Market file, and tells whether its entries have values.
func parseBanner(line string) (valued bool, err error) {
	header := strings.Fields(strings.ToLower(line))
	if len(header) != 5 || header[0] != strings.ToLower(banner) || header[1] != "matrix" || header[2] != "coordinate" ||
		!slices.Contains([]string{"pattern", "real", "integer"}, header[3]) ||
		!slices.Contains([]string{"general", "symmetric"}, header[4]) {
		return false, errors.Errorf("%q, want %s matrix coordinate, then pattern, real or integer, then general or symmetric", line, banner)
	}
	return header[3] != "pattern", nil
}

// checkValue checks what follows row and column.
func checkValue(rest string, valued bool) error {
	fields := strings.Fields(rest)
	if !valued && len(fields) == 0 {
		return nil
	}
	if valued && len(fields) == 1 {
		if _, err := strconv.ParseFloat(fields[0], 64); err == nil {
			return nil
		}
	}
	if valued {
		return errors.Errorf("the value is %q, want a number", rest)
	}
	return errors.Errorf("%q follows row and column, want nothing in a pattern", rest)
}

// twoNumbers parses the first two fields of a line, integers from 0 to most, and returns what follows.
func twoNumbers(line string, most int64) (x, y int64, rest string, err error) {
	first, rest := field(line)
	second, rest := field(rest)
	for _, number := range []struct {
		text string
		to   *int64
	}{{first, &x}, {second, &y}} {
		*number.to, err = strconv.ParseInt(number.text, 10, 64)
		if err != nil || *number.to < 0 || *number.to > most {
			return 0, 0, "", errors.Errorf("%q, want a line that begins with two integers from 0 to %d", line, most)
		}
	}
	return x, y, rest, nil
}

// field splits off the first of the fields of a line.
func field(line string) (first, rest string) {
	line = strings.TrimLeft(line, " \t\r")
	if i := strings.IndexAny(line, " \t\r"); i >= 0 {
		return line[:i], line[i:]
	}
	return line, ""
}

// lines reads lines and knows where they are.
type lines struct {
	scanner *bufio.Scanner
	text    string
	number  int   // of the line, from 1
	offset  int64 // of its first byte
	after   int64 // of the next line's
}

func newLines(r io.Reader) *lines {
	l := &lines{scanner: bufio.NewScanner(r)}
	l.scanner.Buffer(nil, maxLineBytes)
	l.scanner.Split(func(data []byte, atEOF bool) (advance int, token []byte, err error) {
		advance, token, err = bufio.ScanLines(data, atEOF)
		l.after += int64(advance)
		return advance, token, err
	})
	return l
}

func (l *lines) next() bool {
	l.offset, l.number = l.after, l.number+1
	if !l.scanner.Scan() || l.scanner.Err() != nil { // after an error there is one more line, cut off
		return false
	}
	l.text = l.scanner.Text()
	return true
}

func (l *lines) err() error {
	if err := l.scanner.Err(); err != nil {
		return errors.Wrapf(err, "line %d, offset %d: the file is truncated, altered, or has a line of more than %d bytes",
			l.number, l.offset, maxLineBytes)
	}
	return nil
}

func (l *lines) errorf(format string, args ...any) error {
	return errors.Wrapf(errors.Errorf(format, args...), "line %d, offset %d", l.number, l.offset)
}
