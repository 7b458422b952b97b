package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sparsekernel/sparsekernel/backends"
)

// newDoctor is the command "doctor".
func newDoctor() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say which backend there is, and what to do for what is missing",
		Long:  "doctor says which backend the other commands would use, where its plugin comes from, and what is missing. It\ndownloads nothing.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			report := backends.Diagnose()
			if asJSON {
				return printJSON(cmd.OutOrStdout(), report)
			}
			fmt.Fprintln(cmd.OutOrStdout(), report)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the report as JSON")
	return cmd
}
