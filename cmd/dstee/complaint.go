package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sparsekernel/sparsekernel/internal/spelling"
)

// complaint is an error as the command line shows it.
func complaint(err error) string {
	text := strings.TrimPrefix(err.Error(), "dstee: ") // Package dstee's begin with that, too.
	return "dstee: " + strings.ReplaceAll(text, context.Canceled.Error(), "interrupted")
}

// helpful has a command and those under it say what they want where flags or arguments are wrong.
func helpful(cmd *cobra.Command) {
	cmd.SetFlagErrorFunc(flagError)
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return fmt.Errorf("%w: want `%s`", err, cmd.UseLine())
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		helpful(sub)
	}
}

// flagError says which flag may have been meant, and what kind of value a flag takes.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "" {
		var known []string
		cmd.Flags().VisitAll(func(flag *pflag.Flag) { known = append(known, flag.Name) })
		suggestion := spelling.Suggestion(unknown.GetSpecifiedName(), known)
		return fmt.Errorf("%w%s", err, strings.Replace(suggestion, `"`, `"--`, 1))
	}
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		return valueError("--"+invalid.GetFlag().Name, invalid.GetFlag().Value.Type(), invalid.GetValue(), invalid.Unwrap())
	}
	return err
}

// valueError says why a text is no value of a flag, or of a setting like it.
func valueError(name, kind, text string, cause error) error {
	want := map[string]string{"float64": "a number", "int": "a whole number", "int64": "a whole number", "bool": "true or false"}[kind]
	if want != "" && errors.Is(cause, strconv.ErrSyntax) {
		return fmt.Errorf("%s takes %s, got %q", name, want, text)
	}
	return fmt.Errorf("%s %q: %w", name, text, cause)
}
