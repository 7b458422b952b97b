package lab

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// Options say how [Lab.Open] opens JupyterLab.
type Options struct {
	IP        string   // To listen on; "" is 127.0.0.1, which serves this machine alone.
	Port      int      // To listen on; 0 is 8888, or the next that is free.
	NoBrowser bool     // Print the address without opening a browser.
	Jupyter   []string // More arguments for "jupyter lab".
}

// Open sets up what is missing ([Lab.SetUp]), has Jupyter trust the notebooks that are as git has them, so that their figures
// are interactive at once, and serves JupyterLab until ctx is done or the user shuts it
// down. The address that it prints holds a token, without which nobody gets in: random, or $JUPYTER_TOKEN. The user's own
// settings of Jupyter hold, where they have any.
func (l *Lab) Open(ctx context.Context, options Options) error {
	env, err := l.setUp(ctx)
	if err != nil {
		return err
	}
	if err := l.trust(ctx, env); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		l.say("figures that are stored in notebooks are interactive once their cells have run: %v", err)
	}
	args := []string{"--ServerApp.root_dir=" + l.root, "--ServerApp.ip=" + cmp.Or(options.IP, "127.0.0.1"), "--ServerApp.answer_yes=True",
		"--LabApp.default_url=/lab/tree/" + Notebooks + "/01-first-sparse-network.ipynb",
		"--LabApp.extension_manager=readonly", // The other asks the network for extensions.
		"--log-level=WARN"}
	if options.Port != 0 {
		args = append(args, "--ServerApp.port="+strconv.Itoa(options.Port), "--ServerApp.port_retries=0")
	}
	if options.NoBrowser {
		args = append(args, "--no-browser")
	}
	if os.Geteuid() == 0 {
		args = append(args, "--allow-root") // Whoever has the token is who started it.
	}
	l.say("opening JupyterLab; end it with Ctrl-C")
	cmd := program(ctx, l.root, env.jupyter(), env.venv("bin/jupyter-lab"), append(args, options.Jupyter...)...)
	cmd.Stdout, cmd.Stderr = l.out, l.out
	if err := cmd.Run(); err != nil && ctx.Err() == nil {
		return fmt.Errorf("JupyterLab ended: %w", err)
	}
	return nil
}

// jupyter is what programs of Jupyter need to know, as environment variables.
func (e environment) jupyter() []string {
	return []string{
		"PATH=" + filepath.Join(e.dir, "bin") + string(os.PathListSeparator) + e.venv("bin") + string(os.PathListSeparator) + os.Getenv("PATH"),
		"JUPYTER_PREFER_ENV_PATH=1", // A Go kernel that the user has elsewhere has another version.
	}
}
