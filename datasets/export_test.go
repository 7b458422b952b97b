package datasets

import "github.com/sparsekernel/sparsekernel/datasets/fetch"

// Sources returns what can be fetched, by data set.
func Sources() map[string][]fetch.File {
	sources := map[string][]fetch.File{}
	for name, entry := range catalog {
		sources[name] = entry.fetch
	}
	return sources
}

// HoldOut is holdOut.
var HoldOut = holdOut
