package run

import "path/filepath"

// RoundsDir is the folder of the mask updates that the [Recording] says to save in full; it may not exist.
func (r *Run) RoundsDir() string { return filepath.Join(r.dir, roundsFolder) }
