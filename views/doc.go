// Package views draws what happened in a run: figures from its trace (package trace), or from a schedule or shapes alone.
//
// A [Figure] needs no network, no font and no library: [Figure.SVG] is a picture without any script, for notebooks, files
// and print; [Figure.HTML] is the same with controls where moving something helps. Both follow the reader's light or dark
// theme, keep apart what is to be told apart for the color-blind, and have a text alternative. [Report] puts figures into
// one file.
//
// Most views take [Runs], which [Open] reads from the folders of runs, also of those that train at the moment:
//
//	r, err := views.Open("runs/first")
//	figure, err := views.Exploration(r)
package views
