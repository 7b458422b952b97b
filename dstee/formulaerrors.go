package dstee

import (
	"errors"
	"fmt"
	"go/scanner"
	"go/token"
	"strings"
	"unicode"
	"unicode/utf8"
)

// This file says what is wrong with a formula, and where.

// oneLine makes the text one line, so that columns are all there is to say about a place.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' || r == '\t' {
			return ' '
		}
		return r
	}, text)
}

// checkText says what is wrong with a text that Go's parser should not see.
func (f *formula) checkText() error {
	if n := utf8.RuneCountInString(f.text); n > maxFormulaLength {
		return f.errorIn(maxFormulaLength+1, "the formula has %d characters, more than the %d allowed", n, maxFormulaLength)
	}
	if strings.TrimSpace(f.text) == "" {
		return f.errorIn(1, "the formula is empty; for instance, RigL is abs(g) and DST-EE abs(g) + 1e-3*log(t)/(n+1)")
	}
	for _, comment := range []string{"//", "/*"} {
		if i := strings.Index(f.text, comment); i >= 0 {
			return f.errorAt(token.Pos(i+1), "Go would take %q for the start of a comment, which formulas do not have", comment)
		}
	}
	return nil
}

// syntaxError is the first error of Go's parser.
func (f *formula) syntaxError(err error) error {
	var list scanner.ErrorList
	if !errors.As(err, &list) || len(list) == 0 {
		return f.errorIn(1, "%v", err)
	}
	// To Go, the end of the text is the end of a line.
	message := strings.NewReplacer("before newline", "before the end", "'EOF'", "the end", "newline", "the end",
		"found '|'", "found '|' (|x| is abs(x))").Replace(list[0].Msg)
	return f.errorAt(token.Pos(list[0].Pos.Offset+1), "%s", message)
}

// errorAt is an error at a position given by the parser, which counts bytes from 1.
func (f *formula) errorAt(pos token.Pos, format string, args ...any) error {
	before := f.text[:min(max(int(pos)-1, 0), len(f.text))]
	return f.errorIn(utf8.RuneCountInString(before)+1, format, args...)
}

// errorIn is an error in a column, which counts characters from 1.
func (f *formula) errorIn(column int, format string, args ...any) error {
	const margin = 60 // A long text is shown around the column.
	text := []rune(f.text)
	begin, end := max(0, column-1-margin), min(len(text), column+margin)
	shown := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, string(text[begin:end]))
	return fmt.Errorf("dstee: formula, column %d: %s\n\t%s\n\t%s^", column, fmt.Sprintf(format, args...), shown,
		strings.Repeat(" ", column-1-begin))
}
