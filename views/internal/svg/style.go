package svg

import "fmt"

// Series is the number of series that look different.
const Series = 7

// Heats is the number of colors of a heat map, from low to high.
const Heats = 10

// Style is the style sheet of all pictures. Colors of series are near those of Okabe and Ito ("Color Universal Design",
// 2008), which readers with any of the common kinds of color blindness tell apart; lines differ by dashes, too. Heat maps
// have stops of cividis (Nuñez, Anderton and Renslow, PLOS ONE 13(7), 2018), made for them likewise; more is farther from the
// background. Colors follow the theme of the reader's system, in a notebook that of JupyterLab.
var Style = style()

const (
	light = `{color-scheme:light;--ink:#1b1b1b;--soft:#5a5a5a;--grid:#e3e3e3;--paper:#ffffff;--empty:#f3f3f3;--kept:#8a8a8a;` +
		`--c0:#0072b2;--c1:#c74f00;--c2:#007f5f;--c3:#a8417f;--c4:#8f6b00;--c5:#2a7aa8;--c6:#4d4d4d;` +
		`--h0:#fee838;--h1:#e1cc55;--h2:#c3b369;--h3:#a59c74;--h4:#8a8678;--h5:#707173;--h6:#575d6d;--h7:#3b496c;--h8:#123570;--h9:#00224e;--onlow:#000;--onhigh:#fff}`
	dark = `{color-scheme:dark;--ink:#ececec;--soft:#b5b5b5;--grid:#3d3d3d;--paper:#161616;--empty:#0b0b0b;--kept:#8f8f8f;` +
		`--c0:#56b4e9;--c1:#ff8a3d;--c2:#2fc59b;--c3:#e08ac0;--c4:#f0c419;--c5:#9bd3f5;--c6:#d0d0d0;` +
		`--h0:#2b416e;--h1:#47516c;--h2:#5d626e;--h3:#727273;--h4:#878477;--h5:#9d9675;--h6:#b5a86e;--h7:#cebc62;--h8:#e6d150;--h9:#fee838;--onlow:#fff;--onhigh:#000}`
)

func style() string {
	css := `.sk` + light + `@media(prefers-color-scheme:dark){.sk` + dark + `}` +
		`[data-jp-theme-light="true"] .sk` + light + `[data-jp-theme-light="false"] .sk` + dark +
		`.sk{font:12px system-ui,sans-serif;color:var(--ink);background:var(--paper)}svg.sk{max-width:100%;height:auto}` +
		`figure.sk{margin:0 0 24px;padding:8px}.sk figcaption{font-size:15px;font-weight:600;margin-bottom:6px}` +
		`.sk details{margin-top:4px;max-width:720px;color:var(--soft)}.sk details p{margin:4px 0}` +
		`.sk .row{display:flex;gap:6px 14px;align-items:center;flex-wrap:wrap;margin:4px 0}` +
		`.sk input[type=range]{flex:1;min-width:180px;max-width:560px}.sk button{min-width:64px}.sk input{accent-color:var(--c0)}` +
		`.sk canvas{display:block;width:100%;image-rendering:pixelated;border:1px solid var(--grid)}` +
		`.sk .mark{display:inline-block;width:12px;height:12px;margin-right:6px;border:1px solid var(--grid);vertical-align:-1px}` +
		`.sk table{border-collapse:collapse}.sk th,.sk td{padding:3px 8px;text-align:right;border-bottom:1px solid var(--grid)}` +
		`.sk th,.sk td{white-space:nowrap;color:var(--ink);background:var(--paper);font-size:12px}.sk th:first-child{text-align:left}.sk .scroll{overflow-x:auto}.sk .label{min-width:56px}` +
		`.sk .bar{width:45%;min-width:120px}.sk .bar div{height:14px}` +
		`.sk text{fill:var(--ink)}.sk text.soft{fill:var(--soft)}.sk text.onlow{fill:var(--onlow)}.sk text.onhigh{fill:var(--onhigh)}.sk .head{font-size:13px;font-weight:600}` +
		`.sk .axis{stroke:var(--soft);fill:none}.sk .grid{stroke:var(--grid);fill:none}` +
		`.sk .rule{stroke:var(--ink);stroke-width:1.5;stroke-dasharray:6 4;fill:none}` +
		`.sk .empty{fill:var(--empty)}.sk .frame{fill:none;stroke:var(--grid)}` +
		`.sk .kept{fill:var(--kept)}.sk .dropped{fill:var(--c1)}.sk .grown{fill:var(--c0)}.sk .regrown{fill:var(--c4)}`
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
