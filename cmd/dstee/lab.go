package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sparsekernel/sparsekernel/lab"
)

// newLab is the command "lab".
func newLab() *cobra.Command {
	var options lab.Options
	var check, setUp bool
	cmd := &cobra.Command{
		Use:   "lab [-- ARGUMENT OF JUPYTER LAB...]",
		Short: "Open the notebooks in JupyterLab, setting up what is missing",
		Long: "lab opens the notebooks of this clone in JupyterLab, on 127.0.0.1 with a token. The first time it installs\n" +
			"JupyterLab and a Go kernel, pinned, in the cache folder; afterwards nothing needs the network. Jupyter is told to\n" +
			"trust the notebooks that are as git has them, so that the figures stored in them are interactive at once.",
		Example: "  go run ./cmd/dstee lab\n  go run ./cmd/dstee lab --check\n  go run ./cmd/dstee lab run notebooks/*.ipynb",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && cmd.ArgsLenAtDash() != 0 {
				return fmt.Errorf("unknown argument %q: those of jupyter lab come after --", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			room, err := lab.Find(".", cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			switch {
			case check:
				return printFindings(cmd, room.Check())
			case setUp:
				return room.SetUp(cmd.Context())
			}
			options.Jupyter = args
			return room.Open(cmd.Context(), options)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&check, "check", false, "say what is missing and how to get it, make nothing; exit status 1 if anything is")
	flags.BoolVar(&setUp, "setup", false, "set up what is missing, and do not open JupyterLab")
	flags.BoolVar(&options.NoBrowser, "no-browser", false, "print the address, and open no browser")
	flags.StringVar(&options.IP, "ip", "", "address to listen on, such as 0.0.0.0 in a container (default 127.0.0.1)")
	flags.IntVar(&options.Port, "port", 0, "port to listen on (default 8888, or the next that is free)")
	cmd.MarkFlagsMutuallyExclusive("check", "setup")
	cmd.AddCommand(newLabRun())
	return cmd
}

// printFindings prints what the lab has and lacks; what it lacks is an error.
func printFindings(cmd *cobra.Command, findings []lab.Finding) error {
	missing := 0
	for _, finding := range findings {
		if finding.Do == "" {
			fmt.Fprintf(cmd.OutOrStdout(), "ok       %s: %s\n", finding.What, finding.Have)
			continue
		}
		missing++
		fmt.Fprintf(cmd.OutOrStdout(), "missing  %s\n  to do  %s\n", finding.What, finding.Do)
	}
	if missing > 0 {
		return fmt.Errorf("the lab lacks %d of %d things it needs", missing, len(findings))
	}
	return nil
}

// newLabRun is the command "lab run".
func newLabRun() *cobra.Command {
	options := lab.RunOptions{}
	cmd := &cobra.Command{
		Use:   "run NOTEBOOK...",
		Short: "Run notebooks without a browser, and fail where a cell fails",
		Long: "run runs notebooks from their first cell to their last. It fails where a cell does not compile, panics, exits\n" +
			"with another status than 0 or takes too long; a cell tagged raises-exception must fail.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			room, err := lab.Find(".", cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			return room.Run(cmd.Context(), args, options)
		},
	}
	cmd.Flags().BoolVar(&options.Write, "write", false, "store the outputs in the notebooks")
	cmd.Flags().IntVar(&options.Seconds, "timeout", 180, "seconds that a cell may take")
	return cmd
}
