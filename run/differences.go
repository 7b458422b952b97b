package run

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// differences lists the fields in which two specs differ, such as "c: 0.001 there, 0.1 here".
func differences(there, here Spec) []string {
	a, b := fields(there), fields(here)
	names := maps.Clone(a)
	maps.Copy(names, b)
	var list []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if a[name] != b[name] {
			list = append(list, fmt.Sprintf("%s: %s there, %s here", name, orNothing(a[name]), orNothing(b[name])))
		}
	}
	return list
}

func orNothing(value string) string {
	if value == "" {
		return "nothing"
	}
	return value
}

// fields returns a spec's fields, as JSON, by their names in it.
func fields(s Spec) map[string]string {
	data, err := json.Marshal(s)
	raw := map[string]json.RawMessage{}
	if err == nil {
		err = json.Unmarshal(data, &raw)
	}
	if err != nil {
		panic(fmt.Errorf("run: a spec that is not valid: %w", err)) // Numbers that are not finite, which Validate refuses.
	}
	texts := map[string]string{}
	for name, value := range raw {
		texts[name] = string(value)
	}
	return texts
}

// DifferentSpecError says that a run's spec is not the one asked for.
type DifferentSpecError struct {
	Dir         string
	Differences []string // Such as "c: 0.001 there, 0.1 here".
}

// Error implements error.
func (e *DifferentSpecError) Error() string {
	return fmt.Sprintf("%s holds a run of another spec (%s): open it with its own, or Fork it to go on with another",
		e.Dir, strings.Join(e.Differences, "; "))
}
