package lab

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// trust has Jupyter trust the clone's notebooks: it runs the scripts of stored figures only in notebooks that this user ran,
// or signed with the secret in Jupyter's data folder. Those alone are signed that are as the last commit has them; what was
// changed since is for the user to judge.
func (l *Lab) trust(ctx context.Context, env environment) error {
	notebooks, err := l.committed(ctx)
	if err != nil {
		return fmt.Errorf("asking git which notebooks are as committed: %w", err)
	}
	if len(notebooks) == 0 {
		return nil
	}
	if err := command(ctx, l.root, env.jupyter(), env.venv("bin/jupyter-trust"), notebooks...); err != nil {
		return err
	}
	l.say("trusting the %d notebooks that are as git has them: their figures are interactive at once", len(notebooks))
	return nil
}

// committed lists the clone's notebooks that are as the last commit has them, relative to its root.
func (l *Lab) committed(ctx context.Context) ([]string, error) {
	list := func(args ...string) ([]string, error) {
		output, err := program(ctx, l.root, nil, "git", args...).Output()
		return strings.FieldsFunc(string(output), func(r rune) bool { return r == 0 }), err
	}
	tracked, err := list("ls-files", "-z", "--", Notebooks+"/*.ipynb")
	if err != nil {
		return nil, err
	}
	changed, err := list("diff", "HEAD", "--name-only", "--relative", "-z", "--", Notebooks)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(tracked, func(path string) bool { return slices.Contains(changed, path) }), nil
}
