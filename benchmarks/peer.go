package main

import (
	"fmt"
	"path/filepath"

	"github.com/sparsekernel/sparsekernel/benchmarks/work"
)

// peer is a way to train that is measured.
type peer struct {
	name, title string
	ours        bool   // Whether it is sparsekernel.
	simd        bool   // Of ours: whether it is built with GOEXPERIMENT=simd.
	backend     string // Of ours.
	script      string // Of others, in benchmarks/python.
}

// peers are all, in the order of reports.
var peers = []peer{
	{name: "xla", title: "sparsekernel, XLA", ours: true, backend: "xla"},
	{name: "go-simd", title: "sparsekernel, Go with SIMD", ours: true, backend: "go", simd: true},
	{name: "go", title: "sparsekernel, Go", ours: true, backend: "go"},
	{name: "pytorch", title: "PyTorch, masked as ITOP", script: "pytorch.py"},
	{name: "jax", title: "JAX, wrapped as jaxpruner", script: "jaxpruner_style.py"},
}

// sparsekernel is the name of all peers that are sparsekernel.
const sparsekernel = "sparsekernel"

// peersByNames returns the peers of the given names, in the order of reports.
func peersByNames(names ...string) ([]peer, error) {
	var wanted []string
	for _, name := range names {
		if name != sparsekernel {
			wanted = append(wanted, name)
			continue
		}
		for _, p := range peers {
			if p.ours {
				wanted = append(wanted, p.name)
			}
		}
	}
	return work.Choose("peer", peers, func(p peer) string { return p.name }, wanted)
}

// command is a program to start.
type command struct {
	name string
	args []string
	env  []string // On top of this process's environment.
}

// command returns the program of the peer's workers, see [tools].
func (p peer) command(t tools, threads int) command {
	env := []string{fmt.Sprintf("OMP_NUM_THREADS=%d", threads)}
	if p.ours {
		return command{name: t.worker(p.simd), args: []string{p.backend}, env: env}
	}
	return command{
		name: t.python,
		args: []string{filepath.Join(t.root, "benchmarks", "python", p.script)},
		env:  append(env, "JAX_PLATFORMS=cpu", "PYTHONDONTWRITEBYTECODE=1"),
	}
}
