package show

import (
	"github.com/janpfeifer/gonb/gonbui"
	"github.com/janpfeifer/gonb/gonbui/protocol"

	"github.com/sparsekernel/sparsekernel/views"
)

// Figures shows figures, one below the other: with their controls where scripts run, and as pictures to those that show
// notebooks without them.
func Figures(figures ...*views.Figure) {
	for _, f := range figures {
		NewPanel().Figure(f)
	}
}

// Figure shows a figure instead of what the panel shows now.
func (p *Panel) Figure(f *views.Figure) {
	if !gonbui.IsNotebook {
		return
	}
	gonbui.SendData(&protocol.DisplayData{DisplayID: p.id, Data: bundle(f)})
	gonbui.Sync()
}

// bundle is the forms of a figure, of which each reader takes the one it shows best.
func bundle(f *views.Figure) map[protocol.MIMEType]any {
	return map[protocol.MIMEType]any{
		protocol.MIMETextHTML:  f.HTML(),
		protocol.MIMEImageSVG:  f.SVG(),
		protocol.MIMETextPlain: f.Title + "\n" + f.Alt,
	}
}
