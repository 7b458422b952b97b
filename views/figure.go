package views

import (
	"fmt"
	"hash/fnv"
	"html"

	"github.com/sparsekernel/sparsekernel/views/internal/svg"
)

// Figure is a picture of something, that needs nothing but itself.
type Figure struct {
	Title string // What to see in it, in a sentence.
	Alt   string // What it shows, for those who cannot see it.
	Topic string // What it is about, in two or three words, for contents and the names of files.
	Layer string // The path of the weight that it is about, "" if it is about none or all.

	picture *svg.Document
	widget  *widget // The interactive form, nil if there is none.
	empty   bool    // Whether it says only why there is nothing to see.
}

// SVG returns the picture as an SVG element without script. The title is not drawn: it is the element's title, which
// browsers show when the pointer rests on the picture.
func (f *Figure) SVG() string { return f.picture.String(f.id(), f.Title, f.Alt, svg.Style) }

// HTML returns the figure as an HTML element for the body of a page: with its title, its alternative in words, and
// controls where moving something helps. The script that they need is inside, and loads nothing.
func (f *Figure) HTML() string {
	caption := "<figcaption>" + html.EscapeString(f.Title) + "</figcaption>"
	return "<style>" + svg.Style + "</style>" + f.element(f.id(), caption) + f.script()
}

// Interactive tells whether HTML has controls.
func (f *Figure) Interactive() bool { return f.widget != nil && f.widget.kind != "" }

// Empty tells whether the figure only says why there is nothing to see yet.
func (f *Figure) Empty() bool { return f.empty }

// id is unique to the figure's contents.
func (f *Figure) id() string {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(f.Title + f.Alt + f.picture.Fragment())) // Never fails.
	return fmt.Sprintf("sk%012x", hash.Sum64()&(1<<48-1))
}

// element returns the figure without style sheet and script. head is what stands above the picture. id must be unique in
// the page.
func (f *Figure) element(id, head string) string {
	class, inside := "sk", scrolling(f.Topic, f.picture.String(id, f.Title, f.Alt, ""))
	if f.widget != nil {
		inside = f.widget.element(inside)
	}
	if f.Interactive() {
		class = "sk sk-" + f.widget.kind
	}
	return fmt.Sprintf(`<figure class="%s">%s%s<details><summary>In words</summary><p>%s</p></details></figure>`,
		class, head, inside, html.EscapeString(f.Alt))
}

// scrolling returns an element that lets a picture scroll sideways where there is no room for it in a size to be read.
func scrolling(label, picture string) string {
	return fmt.Sprintf(`<div class="scroll" tabindex="0" role="group" aria-label="%s">%s</div>`, html.EscapeString(label), picture)
}

// script returns the script element that the figure's controls need, if any.
func (f *Figure) script() string {
	if !f.Interactive() {
		return ""
	}
	return "<script>" + script(f.widget.kind) + "</script>"
}

// noMasks is what figures say of a run without masks.
const noMasks = "No masks are recorded: the run is dense, or has not begun."

// message is a figure that says why there is nothing to see.
func message(title, text string) *Figure {
	d := svg.New(720, 60)
	d.Text("soft", 16, 34, svg.Start, text)
	return &Figure{Title: title, Topic: title, Alt: text, picture: d, empty: true}
}
