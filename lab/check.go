package lab

import (
	"fmt"
	"os/exec"
	"strings"

	"github.com/sparsekernel/sparsekernel/backends"
)

// Finding is what [Lab.Check] found about one thing that the lab needs.
type Finding struct {
	What string // Such as "JupyterLab and the Go kernel".
	Have string // What there is; "" if it is missing.
	Do   string // How to get it; "" if it is there.
}

// Check tells what the lab needs, what there is and how to get what is missing. It makes and fetches nothing.
func (l *Lab) Check() []Finding {
	return []Finding{l.checkGo(), l.checkEnvironment(), checkBackend()}
}

func (l *Lab) checkGo() Finding {
	finding := Finding{What: "Go"}
	output, err := exec.Command("go", "version").Output()
	if err != nil {
		finding.Do = "install Go, from https://go.dev/dl, in $PATH: the kernel compiles cells with it"
		return finding
	}
	finding.Have = strings.TrimSpace(string(output))
	return finding
}

func (l *Lab) checkEnvironment() Finding {
	finding := Finding{What: "JupyterLab and Go kernel"}
	env, err := l.environment()
	if err != nil {
		finding.Do = err.Error()
		return finding
	}
	if missing := env.missing(); len(missing) > 0 {
		finding.Do = fmt.Sprintf("dstee lab --setup, with network: %s is missing", missing[0])
		return finding
	}
	finding.Have = env.dir
	return finding
}

func checkBackend() Finding {
	finding := Finding{What: "backend"}
	report := backends.Diagnose()
	if report.Backend != "" && !report.WouldFetch {
		finding.Have = report.Config
		return finding
	}
	var todo []string
	for _, problem := range report.Problems {
		todo = append(todo, fmt.Sprintf("%s (%s)", problem.Do, problem.What))
	}
	finding.Do = strings.Join(todo, "; ")
	return finding
}
