package views

import "strings"

// expand replaces {{NAME}} in a template of a widget. A value that goes into a script element must hold no "</", which JSON
// from encoding/json never does: it writes "<" as "\u003c".
func expand(template string, values map[string]string) string {
	pairs := make([]string, 0, 2*len(values))
	for name, value := range values {
		pairs = append(pairs, "{{"+name+"}}", value)
	}
	return strings.NewReplacer(pairs...).Replace(template)
}
