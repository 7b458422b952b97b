package work

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"

	"github.com/sparsekernel/sparsekernel/dstee/dsttest"
)

// Request is a line of JSON that tells a worker what to do next. A worker does one thing at a time, and ends when its
// standard input does.
type Request struct {
	Do Action `json:"do"`

	// Of [Prepare].
	Work    *Work   `json:"work,omitempty"`
	Batches string  `json:"batches,omitempty"` // Path of a file, see [ReadBatches].
	Density float64 `json:"density,omitempty"` // Of each weight matrix and kernel. 1 is an ordinary training, without masks.
	Threads int     `json:"threads,omitempty"`

	Count int `json:"count,omitempty"` // Of [Steps] and [Fetch].

	Layer *dsttest.UpdateVector `json:"layer,omitempty"` // Of [Move]: what comes before an update, and K.
}

// Action is what a worker is told to do.
type Action string

// The actions.
const (
	Prepare  Action = "prepare"  // Build the training, the first message. The reply has Peer.
	Describe Action = "describe" // Say how large the model is. The reply has Parameters, MACs and Sizes.
	Steps    Action = "steps"    // Train for Count steps. The reply has Seconds and Loss.
	Update   Action = "update"   // Update the masks, after a step. The reply has Seconds, Active and Moved.
	Move     Action = "move"     // Update the masks of one layer of given numbers, at any time. The reply has Mask and Visits.
	Fetch    Action = "fetch"    // Read Count batches of a data set with augmentation. The reply has Seconds.
)

// DropFraction, C and Epsilon are those of every mask update: per layer, the share of active weights dropped, and the
// constants of DST-EE's exploration.
const (
	DropFraction = 0.3
	C            = 1e-4
	Epsilon      = 1
)

// Reply is the line of JSON with which a worker answers a request.
type Reply struct {
	Error string `json:"error,omitempty"`

	Seconds float64 `json:"seconds,omitempty"` // That all of it took: what was asked of the device has been done.
	Loss    float64 `json:"loss,omitempty"`    // Of the last step.

	Peer       string `json:"peer,omitempty"` // Names and versions of what computes.
	Parameters int    `json:"parameters,omitempty"`
	MACs       int    `json:"macs,omitempty"`  // Multiply-accumulate operations of a forward pass of one example.
	Sizes      []int  `json:"sizes,omitempty"` // Of the weights that are or could be sparse, in increasing order.

	Active []int `json:"active,omitempty"` // Active weights of each of Sizes.
	Moved  int   `json:"moved,omitempty"`  // Weights that are active since the update and were not before.

	Mask   []int   `json:"mask,omitempty"`   // 1 where active, flat and row-major.
	Visits []int32 `json:"visits,omitempty"` // Likewise.
}

// Worker does what requests say.
type Worker interface {
	Do(Request) (Reply, error)
}

// Serve answers the requests of in on out until in ends.
func Serve(in io.Reader, out io.Writer, worker Worker) error {
	lines, encoder := bufio.NewScanner(in), json.NewEncoder(out)
	lines.Buffer(nil, 1<<24) // A layer of numbers takes tens of kilobytes.
	for lines.Scan() {
		var request Request
		err := json.Unmarshal(lines.Bytes(), &request)
		var reply Reply
		if err == nil {
			reply, err = worker.Do(request)
		}
		if err != nil {
			reply = Reply{Error: err.Error()}
		}
		if err := encoder.Encode(reply); err != nil {
			return fmt.Errorf("answering %q: %w", request.Do, err)
		}
	}
	return lines.Err()
}
