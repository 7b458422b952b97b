package svg

import (
	"fmt"
	"strings"
)

// Series is the number of series that look different.
const Series = 7

// Heats is the number of colors of a heat map, from low to high.
const Heats = 10

// Style is the style sheet of all pictures. Colors of series are near those of Okabe and Ito ("Color Universal Design",
// 2008), which readers with any of the common kinds of color blindness tell apart; lines differ by dashes, too. Heat maps
// have stops of cividis (Nuñez, Anderton and Renslow, PLOS ONE 13(7), 2018), made for them likewise; more is farther from the
// background. Colors follow the theme of the reader's system, in a notebook that of JupyterLab; on paper they are
// the light ones.
var Style = style()

// theme is the values of the variables of the style sheet.
type theme struct {
	scheme, ink, soft, grid, paper, empty, kept string
	series                                      [Series]string
	heats                                       [Heats]string
	onLow, onHigh                               string // Text on the lower and the higher half of heats.
}

var light = theme{"light", "#1b1b1b", "#5a5a5a", "#e3e3e3", "#ffffff", "#f3f3f3", "#8a8a8a",
	[Series]string{"#0072b2", "#c74f00", "#007f5f", "#a8417f", "#8f6b00", "#2a7aa8", "#4d4d4d"},
	[Heats]string{"#fee838", "#e1cc55", "#c3b369", "#a59c74", "#8a8678", "#707173", "#575d6d", "#3b496c", "#123570", "#00224e"},
	"#000", "#fff"}

var dark = theme{"dark", "#ececec", "#b5b5b5", "#3d3d3d", "#161616", "#0b0b0b", "#8f8f8f",
	[Series]string{"#56b4e9", "#ff8a3d", "#2fc59b", "#e08ac0", "#f0c419", "#9bd3f5", "#d0d0d0"},
	[Heats]string{"#2b416e", "#47516c", "#5d626e", "#727273", "#878477", "#9d9675", "#b5a86e", "#cebc62", "#e6d150", "#fee838"},
	"#fff", "#000"}

// css returns the theme as a block of declarations.
func (t theme) css() string {
	var b strings.Builder
	fmt.Fprintf(&b, "{color-scheme:%s;--ink:%s;--soft:%s;--grid:%s;--paper:%s;--empty:%s;--kept:%s;--onlow:%s;--onhigh:%s",
		t.scheme, t.ink, t.soft, t.grid, t.paper, t.empty, t.kept, t.onLow, t.onHigh)
	for i, color := range t.series {
		fmt.Fprintf(&b, ";--c%d:%s", i, color)
	}
	for i, color := range t.heats {
		fmt.Fprintf(&b, ";--h%d:%s", i, color)
	}
	return b.String() + "}"
}

// rules are those that depend on nothing.
var rules = []string{
	`.sk{font:12px system-ui,sans-serif;color:var(--ink);background:var(--paper)}`,

	// Around pictures.
	`svg.sk{max-width:100%;height:auto}`,
	`figure.sk{margin:0 0 24px;padding:8px}`,
	`.sk figcaption{font-size:15px;font-weight:600;margin-bottom:6px}`,
	`.sk details{margin-top:4px;max-width:720px;color:var(--soft)}.sk details p{margin:4px 0}`,
	`.sk .row{display:flex;gap:6px 14px;align-items:center;flex-wrap:wrap;margin:4px 0}`,
	`.sk .label{min-width:56px}`,
	`.sk input[type=range]{flex:1;min-width:180px;max-width:560px;accent-color:var(--c0)}`,
	`.sk button{min-width:64px}`,
	`.sk canvas{display:block;width:100%;image-rendering:pixelated;border:1px solid var(--grid)}`,
	`.sk .mark{display:inline-block;width:12px;height:12px;margin-right:6px;border:1px solid var(--grid);vertical-align:-1px}`,
	`.sk .scroll{overflow-x:auto}.sk .scroll svg{min-width:600px}.sk table{border-collapse:collapse}`,
	`.sk th,.sk td{padding:3px 8px;text-align:right;white-space:nowrap;font-size:12px;border-bottom:1px solid var(--grid)}`,
	`.sk th,.sk td{color:var(--ink);background:var(--paper)}.sk th:first-child{text-align:left}`, // JupyterLab has its own.
	`.sk .bar{width:45%;min-width:120px}.sk .bar div{height:14px}`,

	// In pictures.
	`.sk text{fill:var(--ink)}.sk text.soft{fill:var(--soft)}.sk .head{font-size:13px;font-weight:600}`,
	`.sk text.onlow{fill:var(--onlow)}.sk text.onhigh{fill:var(--onhigh)}`,
	`.sk .axis{stroke:var(--soft);fill:none}.sk .grid{stroke:var(--grid);fill:none}`,
	`.sk .rule{stroke:var(--ink);stroke-width:1.5;stroke-dasharray:6 4;fill:none}`,
	`.sk .empty{fill:var(--empty)}.sk .frame{fill:none;stroke:var(--grid)}`,
	`.sk .kept{fill:var(--kept)}.sk .dropped{fill:var(--c1)}.sk .grown{fill:var(--c0)}.sk .regrown{fill:var(--c4)}`,
}

func style() string {
	css := `.sk` + light.css() + `@media screen and (prefers-color-scheme:dark){.sk` + dark.css() + `}` +
		`[data-jp-theme-light="true"] .sk` + light.css() +
		`@media screen{[data-jp-theme-light="false"] .sk` + dark.css() + `}` + strings.Join(rules, "")
	for i, dashes := range [Series]string{"none", "7 3", "2 2", "9 3 2 3", "4 4", "12 3", "1 3"} {
		css += fmt.Sprintf(`.sk .l%[1]d{stroke:var(--c%[1]d);fill:none;stroke-width:2;stroke-dasharray:%[2]s}`+
			`.sk .p%[1]d{fill:var(--c%[1]d)}.sk .b%[1]d{fill:var(--c%[1]d);fill-opacity:.18}`, i, dashes)
	}
	for i := range Heats {
		css += fmt.Sprintf(`.sk .h%[1]d{fill:var(--h%[1]d)}`, i)
	}
	return css
}

// Heat returns the class of a share in [0, 1] in a heat map.
func Heat(share float64) string { return fmt.Sprintf("h%d", min(Heats-1, max(0, int(share*Heats)))) }
