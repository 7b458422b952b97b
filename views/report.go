package views

import (
	"fmt"
	"html"
	"strings"

	"github.com/sparsekernel/sparsekernel/views/internal/svg"
)

// pageStyle is the style sheet of a report, besides that of its figures.
const pageStyle = `html{background:var(--paper)}` +
	`body.sk{max-width:760px;margin:0 auto;padding:16px;font-size:14px;line-height:1.45}` +
	`h1{font-size:22px;margin:8px 0}h2{font-size:16px;margin:32px 0 4px}figure.sk{margin:0;padding:0}a{color:var(--c0)}` +
	`nav ol{columns:2;column-gap:40px;padding-left:28px}@media(max-width:600px){nav ol{columns:1}}` +
	`@media print{figure.sk{break-inside:avoid}h2{break-after:avoid}.controls{display:none}.still[hidden]{display:block}}`

// Report puts figures into one HTML file that needs nothing but itself: for mail, and for class. Each has a heading, which
// the contents link to.
func Report(title string, figures ...*Figure) string {
	var page, scripts strings.Builder
	written := map[string]bool{}
	for i, f := range figures {
		id := fmt.Sprintf("figure%d", i+1)
		head := fmt.Sprintf(`<h2 id="%s">%s</h2>`, headingID(i), html.EscapeString(f.Title))
		fmt.Fprintf(&page, "<section aria-labelledby=\"%s\">%s%s</section>\n", headingID(i), head, f.element(id, ""))
		if f.Interactive() && !written[f.widget.kind] {
			written[f.widget.kind] = true
			scripts.WriteString(f.script() + "\n")
		}
	}
	return `<!doctype html>
<html lang="en" class="sk">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>` + html.EscapeString(title) + `</title><link rel="icon" href="data:,"><style>` + svg.Style + pageStyle + `</style></head>
<body class="sk">
<header><h1>` + html.EscapeString(title) + `</h1><nav aria-label="Contents"><ol>` + contents(figures) + `</ol></nav></header>
<main>
` + page.String() + `</main>
` + scripts.String() + `</body>
</html>
`
}
