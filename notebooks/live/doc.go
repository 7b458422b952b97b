// Package live trains runs in a notebook's cell, and shows meanwhile how they stand.
//
// A cell is a process of its own, so what outlives it is the run's folder: one cell trains, the next looks, a third goes
// on. The stop button ends a cell early and loses nothing.
package live
