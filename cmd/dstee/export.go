package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/sparsekernel/sparsekernel/interchange"
	"github.com/sparsekernel/sparsekernel/run"
)

// specText is the key of an exported file's metadata that holds the spec of the run, for `dstee import`.
const specText = "sparsekernel.spec"

// newExport is the command "export".
func newExport() *cobra.Command {
	var options interchange.Options
	var dense bool
	at := point{step: run.Newest}
	cmd := &cobra.Command{
		Use:   "export RUN FILE",
		Short: "Write a run's model, masks and visits as a safetensors file",
		Long: "export writes the model of a run, with its masks and visits, as a safetensors file that Python reads: by default in\n" +
			"a sparse form of active values and their indices, with --dense in a form that PyTorch and JAX load as it is. The\n" +
			"model is that of the newest checkpoint. docs/interchange.md describes both forms. It works while the run is trained.",
		Example: "  dstee export runs/a a.safetensors\n  dstee export runs/a a.safetensors --dense --at-round 5",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := run.Load(args[0])
			if err != nil {
				return err
			}
			step, err := at.of(cmd, r)
			if err != nil {
				return err
			}
			store, err := r.Observe(notes(cmd)).Model(step)
			if err != nil {
				return err
			}
			defer store.Finalize()
			spec, err := json.Marshal(r.Spec())
			if err != nil {
				return err
			}
			options.Texts = map[string]string{specText: string(spec)}
			if dense {
				options.Form = interchange.Dense
			}
			if err := interchange.Export(store, args[1], options); err != nil {
				return err
			}
			info, err := os.Stat(args[1])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "Wrote %s, %s\n", args[1], bytesText(info.Size()))
			return err
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&dense, "dense", false, "write all weights, with zeros, and masks as booleans")
	flags.BoolVar(&options.NoVisits, "no-visits", false, "leave out how often weights were active, which only training needs")
	at.flags(cmd, "export")
	flags.Lookup("at-step").DefValue = "that of the newest checkpoint"
	return cmd
}
