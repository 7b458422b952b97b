package views

import (
	"embed"
	"encoding/json"
	"fmt"
)

// widget is the interactive form of a figure: markup, and data that the script of its kind reads.
type widget struct {
	kind   string // Names widgets/KIND.html and widgets/KIND.js; "" for markup without script.
	markup string // Where there is no script.
	data   []byte // JSON.
}

//go:embed widgets
var widgetFiles embed.FS

// newWidget returns a widget of a kind that has a script.
func newWidget(kind string, data any) (*widget, error) {
	encoded, err := json.Marshal(data) // It writes "<" as "\u003c", so that it may stand in a script element.
	if err != nil {
		return nil, fmt.Errorf("views: %w", err)
	}
	return &widget{kind: kind, data: encoded}, nil
}

// element returns the widget's markup. still is the picture for where no script runs; the script hides it.
func (w *widget) element(still string) string {
	if w.kind == "" {
		return w.markup
	}
	return `<div class="controls" hidden>` + file(w.kind+".html") + `</div><div class="still">` + still + `</div>` +
		`<script type="application/json">` + string(w.data) + `</script>`
}

// script returns the script of a kind of widget. It sets up the widgets of its kind in the page that are not yet.
func script(kind string) string {
	return "(() => {\n" + file("page.js") + file(kind+".js") +
		fmt.Sprintf("for (const root of document.querySelectorAll('figure.sk-%s:not([data-ready])')) start(root, setup);\n})();", kind)
}

func file(name string) string {
	data, err := widgetFiles.ReadFile("widgets/" + name)
	if err != nil {
		panic(err) // It is compiled in.
	}
	return string(data)
}
