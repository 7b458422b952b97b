package views

import (
	"fmt"
	"html"
	"strings"
)

// contents is the list of figures that a report begins with. Those of one topic, of a layer each, are one entry.
func contents(figures []*Figure) string {
	var b strings.Builder
	short := shortNames(figures)
	for i := 0; i < len(figures); {
		to := i + 1
		for to < len(figures) && figures[i].Layer != "" && figures[to].Layer != "" && figures[to].Topic == figures[i].Topic {
			to++
		}
		if to == i+1 {
			fmt.Fprintf(&b, `<li><a href="#%s">%s</a></li>`, headingID(i), html.EscapeString(figures[i].about()))
			i = to
			continue
		}
		fmt.Fprintf(&b, "<li>%s: ", html.EscapeString(figures[i].Topic))
		for separator := ""; i < to; i, separator = i+1, ", " {
			fmt.Fprintf(&b, `%s<a href="#%s" aria-label="%s">%s</a>`, separator, headingID(i),
				html.EscapeString(figures[i].about()), html.EscapeString(short[figures[i].Layer]))
		}
		b.WriteString("</li>")
	}
	return b.String()
}

// headingID is the id of the heading of the i-th figure of a report.
func headingID(i int) string { return fmt.Sprintf("figure%d-h", i+1) }

// about is the topic with the layer.
func (f *Figure) about() string {
	switch {
	case f.Topic == "":
		return f.Title
	case f.Layer == "":
		return f.Topic
	}
	return f.Topic + ", " + f.Layer
}

// shortNames leaves out of the paths of layers the first and the last parts that all have in common.
func shortNames(figures []*Figure) map[string]string {
	paths := map[string][]string{}
	var first []string
	for _, f := range figures {
		if f.Layer != "" {
			paths[f.Layer] = strings.Split(f.Layer, "/")
			first = paths[f.Layer]
		}
	}
	before, after, least := len(first), len(first), len(first)
	for _, parts := range paths {
		same := 0
		for same < min(before, len(parts)) && parts[same] == first[same] {
			same++
		}
		before = same
		for same = 0; same < min(after, len(parts)) && parts[len(parts)-1-same] == first[len(first)-1-same]; same++ {
		}
		after, least = same, min(least, len(parts))
	}
	if before+after >= least { // A path would be empty.
		before, after = 0, 0
	}
	short := map[string]string{}
	for path, parts := range paths {
		short[path] = strings.Join(parts[before:len(parts)-after], "/")
	}
	return short
}
