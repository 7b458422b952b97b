// Package experiments has the experiments of the DST-EE paper as values: the whole recipe of a table cell, and the published
// numbers that it can be held against.
//
// What the paper says of its recipes is not all known. Each [Preset] says where its settings come from, and which were
// chosen here.
package experiments
