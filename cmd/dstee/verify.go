package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/sparsekernel/sparsekernel/backends"
	"github.com/sparsekernel/sparsekernel/dstee/dsttest"
)

// newVerify is the command "verify".
func newVerify() *cobra.Command {
	var backendName string
	cmd := &cobra.Command{
		Use:   "verify FILE",
		Short: "Check this build's mask updates and ERK densities against reference vectors",
		Long: "verify runs the mask updates of a file of reference vectors on the backend, selecting weights on the host and on\n" +
			"the device, and compares masks, visits and counts; and the ERK densities. It prints a line for each case. The\n" +
			"format is that of dstee/dsttest/vectors.json. The exit status is 1 if any case fails.",
		Example: "  dstee verify dstee/dsttest/vectors.json --backend go",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			file, err := os.Open(args[0])
			if err != nil {
				return err
			}
			defer file.Close()
			vectors, err := dsttest.Read(file)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			backend, err := backends.Open(backendName)
			if err != nil {
				return err
			}
			passed, failed := 0, 0
			vectors.Verify(backend, func(r dsttest.Result) {
				if r.Err != nil {
					failed++
					fmt.Fprintf(cmd.OutOrStdout(), "FAIL  %s: %v\n", r.Case, r.Err)
					return
				}
				passed++
				fmt.Fprintf(cmd.OutOrStdout(), "ok    %s\n", r.Case)
			})
			fmt.Fprintf(cmd.OutOrStdout(), "%d passed, %d failed\n", passed, failed)
			if failed > 0 {
				return fmt.Errorf("%d of %d cases of %s failed on the backend %s", failed, passed+failed, args[0], backend.Name())
			}
			return nil
		},
	}
	backendFlag(cmd, &backendName)
	return cmd
}
