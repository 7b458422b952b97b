// Package svg draws charts as SVG elements that need nothing but themselves: no script, no font, no network. They follow
// the reader's light or dark theme, and have a text alternative.
//
// Numbers are written with at most two decimals, and nothing depends on the order of a map or the time, so that the same
// data gives the same bytes.
package svg
