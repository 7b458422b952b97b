package views

import (
	"fmt"
	"hash/fnv"
	"html"
	"strings"

	"github.com/sparsekernel/sparsekernel/views/internal/svg"
)

// Figure is a picture of something, that needs nothing but itself.
type Figure struct {
	Title string // What to see in it, in a sentence.
	Alt   string // What it shows, for those who cannot see it.

	picture *svg.Document
	widget  string // The inside of the interactive form, in which {{id}} stands for the figure's id; empty if there is none.
}

// id is unique to the figure's contents: the same figure twice in a page is the same.
func (f *Figure) id() string {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(f.Title + f.Alt + f.picture.Fragment() + f.widget)) // Never fails.
	return fmt.Sprintf("sk%012x", hash.Sum64()&(1<<48-1))
}

// SVG returns the picture as an SVG element without script. The title is above it, as far as one line holds it.
func (f *Figure) SVG() string { return f.picture.String(f.id(), f.Title, f.Alt) }

// HTML returns the figure as an HTML element for the body of a page: with its title, and with controls where moving
// something helps. The script that they need is inside, and loads nothing.
func (f *Figure) HTML() string {
	inside := f.SVG()
	if f.widget != "" {
		inside = strings.ReplaceAll(f.widget, "{{id}}", f.id())
	}
	return fmt.Sprintf(`<figure class="sk" style="margin:0 0 24px;padding:8px"><style>%s</style><figcaption class="head" style="font-size:15px;margin-bottom:6px">%s</figcaption>%s</figure>`,
		svg.Style, html.EscapeString(f.Title), inside)
}

// Interactive tells whether HTML has controls.
func (f *Figure) Interactive() bool { return f.widget != "" }

// message is a figure that says why there is nothing to see.
func message(title, text string) *Figure {
	d := svg.New(720, 60)
	d.Text("soft", 16, 34, svg.Start, text)
	return &Figure{Title: title, Alt: text, picture: d}
}
