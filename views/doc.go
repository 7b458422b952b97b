// Package views draws what happened in a run: figures from its trace (package trace), or from a schedule or shapes alone.
//
// A [Figure] needs no network, no font and no library: [Figure.SVG] is a picture without any script, for notebooks, files
// and print; [Figure.HTML] is the same with controls where moving something helps. Both follow the reader's light or dark
// theme, keep apart what is to be told apart for the color-blind, and have a text alternative. [Report] puts figures into
// one file; [Figures] are all that there are of a run.
//
// Most views take a [Run], which [Open] reads from the folder of a run, also of one that trains at the moment. [Watch] goes
// with it: [Live] is the panel for notebooks, [Text] that for terminals.
//
// What a view averages or estimates it says in its title or legend: large layers are shown in blocks, candidates of growth
// are a sample.
//
//	r, err := views.Open("runs/first")
//	figure, err := views.Masks(r, "")
//	os.WriteFile("masks.svg", []byte(figure.SVG()), 0o644)
package views
