package work_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/benchmarks/work"
)

func TestByNames(t *testing.T) {
	works, err := work.ByNames("link", "mlp")
	require.NoError(t, err)
	require.Len(t, works, 2)
	require.Equal(t, "mlp", works[0].Name, "the order is that of All")
	_, err = work.ByNames("mlp", "alexnet")
	require.ErrorContains(t, err, "vgg19", "the error lists those there are")
}

func TestBatches(t *testing.T) {
	for _, w := range []work.Work{{Name: "images", Input: []int{2, 3, 1}, Classes: 3, Batch: 5}, {Name: "binary", Input: []int{4}, Classes: 1, Batch: 2}} {
		path := filepath.Join(t.TempDir(), "batches")
		written := work.NewBatches(w, 7)
		require.NoError(t, written.Write(path))
		read, err := work.ReadBatches(path, w)
		require.NoError(t, err)
		require.Equal(t, written, read)
		require.Equal(t, written, work.NewBatches(w, 7), "a seed gives the same numbers again")
		for _, labels := range read.Labels {
			for _, label := range labels {
				require.GreaterOrEqual(t, label, int32(0))
				require.Less(t, label, int32(max(2, w.Classes)))
			}
		}
		require.NoError(t, os.Truncate(path, 8))
		_, err = work.ReadBatches(path, w)
		require.ErrorContains(t, err, "has 8 bytes")
	}
}

// counter replies with what it was told to count.
type counter struct{}

func (counter) Do(r work.Request) (work.Reply, error) {
	if r.Do == work.Update {
		return work.Reply{}, errors.New("no masks")
	}
	return work.Reply{Seconds: float64(r.Count)}, nil
}

func TestServe(t *testing.T) {
	var out strings.Builder
	in := `{"do":"steps","count":3}` + "\n" + `{"do":"update"}` + "\nnonsense\n" + `{"do":"steps","count":1}` + "\n"
	require.NoError(t, work.Serve(strings.NewReader(in), &out, counter{}))
	var replies []work.Reply
	for line := range strings.Lines(out.String()) {
		var reply work.Reply
		require.NoError(t, json.Unmarshal([]byte(line), &reply))
		replies = append(replies, reply)
	}
	require.Len(t, replies, 4, "a line for a line, whatever it says")
	require.Equal(t, 3.0, replies[0].Seconds)
	require.Equal(t, "no masks", replies[1].Error)
	require.NotEmpty(t, replies[2].Error)
	require.Equal(t, 1.0, replies[3].Seconds)
}

// FuzzServe feeds a worker lines of any kind: each gets one reply.
func FuzzServe(f *testing.F) {
	f.Add(`{"do":"steps","count":3}`)
	f.Add("{}\n[]\n\n")
	f.Fuzz(func(t *testing.T, in string) {
		var out strings.Builder
		if err := work.Serve(strings.NewReader(in), &out, counter{}); err != nil {
			return // A line longer than the limit of the reader.
		}
		require.Equal(t, strings.Count(strings.TrimSuffix(in, "\n"), "\n")+min(1, len(in)), strings.Count(out.String(), "\n"))
	})
}
