package show

import "github.com/janpfeifer/gonb/gonbui"

// HTML shows a fragment of HTML, such as an SVG or the HTML of a [Matrix], in the output of the cell.
func HTML(html string) {
	gonbui.DisplayHTML(html)
	gonbui.Sync()
}

// Panel is a place in the output of a cell whose content is replaced as often as you like. What is stored in the notebook
// is the last.
type Panel struct {
	id string
}

// NewPanel returns a panel, which appears in the cell's output when something is first shown in it.
func NewPanel() *Panel { return &Panel{id: gonbui.UniqueId()} }

// Show shows a fragment of HTML instead of what the panel shows now.
func (p *Panel) Show(html string) {
	gonbui.UpdateHTML(p.id, html)
	gonbui.Sync()
}
