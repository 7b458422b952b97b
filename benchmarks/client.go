package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/sparsekernel/sparsekernel/benchmarks/work"
)

// client is a worker's process, seen from the harness.
type client struct {
	cmd     *exec.Cmd
	began   time.Time
	in      io.WriteCloser
	replies *bufio.Reader
	stderr  *tail
}

// start starts a worker's program. It is killed when ctx is done.
func start(ctx context.Context, program command) (*client, error) {
	c := &client{cmd: exec.CommandContext(ctx, program.name, program.args...), stderr: &tail{}, began: time.Now()}
	c.cmd.Env = append(c.cmd.Environ(), program.env...)
	c.cmd.Stderr = c.stderr
	var err error
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", program.name, err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", program.name, err)
	}
	c.replies = bufio.NewReader(out)
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", program.name, err)
	}
	return c, nil
}

// ask sends a request and waits for its reply.
func (c *client) ask(request work.Request) (reply work.Reply, err error) {
	line, err := json.Marshal(request)
	if err != nil {
		return reply, err
	}
	if _, err := c.in.Write(append(line, '\n')); err != nil {
		return reply, c.died(request, err)
	}
	if line, err = c.replies.ReadBytes('\n'); err != nil {
		return reply, c.died(request, err)
	}
	if err := json.Unmarshal(line, &reply); err != nil {
		return reply, fmt.Errorf("%q was answered with %.200q, which is no reply: %w", request.Do, line, err)
	}
	if reply.Error != "" {
		return reply, fmt.Errorf("%q failed: %s", request.Do, reply.Error)
	}
	return reply, nil
}

// died says what a worker that does not answer left on its standard error.
func (c *client) died(request work.Request, err error) error {
	if ended := c.close(); ended != nil {
		err = ended
	}
	return fmt.Errorf("the worker ended at %q: %w\n%s", request.Do, err, c.stderr)
}

// close ends the worker, and waits for it.
func (c *client) close() error {
	return errors.Join(c.in.Close(), c.cmd.Wait())
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(p []byte) (int, error) {
	const most = 2000 // What is wrong stands at the end.
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-most):]
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.text))
}
