// Package show puts tables and figures into the output of a notebook's cell, and sliders and buttons where there is a
// browser to move them. Outside a notebook of the GoNB kernel it does nothing, so that the same program runs anywhere.
package show
