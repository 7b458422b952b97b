package main

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/benchmarks/work"
)

// scripted starts a shell script in place of a worker.
func scripted(t *testing.T, script string) *client {
	t.Helper()
	shell, err := exec.LookPath("sh")
	require.NoError(t, err)
	c, err := start(t.Context(), command{name: shell, args: []string{"-c", script}, env: []string{"GREETING=hello"}})
	require.NoError(t, err)
	return c
}

func TestClient(t *testing.T) {
	c := scripted(t, `while read -r line; do echo "{\"peer\": \"$GREETING\", \"seconds\": 0.5}"; done`)
	for range 2 {
		reply, err := c.ask(work.Request{Do: work.Steps, Count: 1})
		require.NoError(t, err)
		require.Equal(t, work.Reply{Peer: "hello", Seconds: 0.5}, reply)
	}
	require.NoError(t, c.close(), "a worker ends with its input")
}

func TestClientOfWorkersThatFail(t *testing.T) {
	for _, test := range []struct{ script, want string }{
		{`read -r line; echo '{"error": "no memory"}'; read -r line`, "no memory"},
		{`read -r line; echo 'Welcome!'; read -r line`, "Welcome!"},
		{`echo 'no module named torch' >&2; exit 1`, "no module named torch"},
		{`read -r line; exit 0`, "ended"},
	} {
		c := scripted(t, test.script)
		_, err := c.ask(work.Request{Do: work.Prepare})
		require.ErrorContains(t, err, test.want)
		_ = c.close() // Whose status is not the point.
	}
}
