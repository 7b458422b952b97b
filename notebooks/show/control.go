package show

import (
	"fmt"
	"html"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/janpfeifer/gonb/gonbui"
	"github.com/janpfeifer/gonb/gonbui/comms"
	"github.com/janpfeifer/gonb/gonbui/widgets"
)

// HeadlessEnv names the environment variable that, set to anything, tells that no browser will answer.
const HeadlessEnv = "NB_HEADLESS"

const (
	// answerWithin is how long a browser has to answer before controls take it that there is none. The kernel itself
	// waits 3 seconds for it.
	answerWithin = 8 * time.Second
	// idle ends a cell whose controls nobody touches, so that the next can run.
	idle = 10 * time.Minute
)

// Slider shows a slider over the choices, start at first, and below it the HTML that draw returns for the choice, drawn
// anew as the slider moves. It returns when the cell is stopped, or after ten minutes without a move.
//
// Where no browser answers it shows what draw returns for the first choice, for start and for the last, and returns.
func Slider(label string, choices []string, start int, draw func(choice int) string) {
	if !gonbui.IsNotebook {
		return
	}
	if len(choices) == 0 || start < 0 || start >= len(choices) {
		HTML(fmt.Sprintf("<p>The slider %s cannot start at choice %d of %d.</p>", html.EscapeString(label), start, len(choices)))
		return
	}
	captioned := func(choice int) string { return caption(label, choices[choice]) + draw(choice) }
	address := "/slider/" + gonbui.UniqueId()
	moved := control(address, func(parent string) {
		widgets.Slider(0, len(choices)-1, start).WithAddress(address).AppendTo(parent).Done()
	})
	if moved == nil {
		HTML(sliderTwin(len(choices), start, captioned))
		return
	}
	panel := NewPanel()
	panel.Show(captioned(start))
	whileMoved(moved, func(choice int) {
		if choice >= 0 && choice < len(choices) {
			panel.Show(captioned(choice))
		}
	})
}

// Button shows a button, and below it the HTML that press returns for each press, counted from 1. It returns when the
// cell is stopped, or after ten minutes without a press. Where no browser answers it is pressed once.
func Button(label string, press func(count int) string) {
	if !gonbui.IsNotebook {
		return
	}
	address := "/button/" + gonbui.UniqueId()
	pressed := control(address, func(parent string) {
		widgets.Button(html.EscapeString(label)).WithAddress(address).AppendTo(parent).Done()
	})
	if pressed == nil {
		HTML(caption("Pressed once", label) + press(1))
		return
	}
	panel := NewPanel()
	whileMoved(pressed, func(count int) {
		if count > 0 {
			panel.Show(press(count))
		}
	})
}

// caption names a choice.
func caption(label, choice string) string {
	return fmt.Sprintf("<p><b>%s: %s</b></p>\n", html.EscapeString(label), html.EscapeString(choice))
}

// sliderTwin is what a slider comes to on paper: the two ends, and where it starts.
func sliderTwin(choices, start int, draw func(choice int) string) string {
	var b strings.Builder
	last := -1
	for _, choice := range []int{0, start, choices - 1} {
		if choice > last {
			b.WriteString(draw(choice))
			last = choice
		}
	}
	return b.String()
}

// control shows a widget that talks to the address, and returns the values that it takes, the latest if they come faster
// than they are read. It returns nil if no browser answers.
func control(address string, appendTo func(parent string)) <-chan int {
	if os.Getenv(HeadlessEnv) != "" {
		return nil
	}
	values := make(chan int, 1)
	comms.Start()
	comms.Subscribe(address, func(_ string, value int) {
		for {
			select {
			case values <- value:
				return
			case <-values: // Stale.
			}
		}
	})
	place, parent := NewPanel(), gonbui.UniqueId()
	place.Show(fmt.Sprintf(`<div id="%s"></div>`, parent))
	go appendTo(parent) // Does not return until the browser answers.
	select {
	case <-values: // The value at the start.
		return values
	case <-time.After(answerWithin):
		place.Show("")
		return nil
	}
}

// whileMoved calls fn with each value, until the cell is stopped or nothing comes for long.
func whileMoved(values <-chan int, fn func(value int)) {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt)
	defer signal.Stop(stop)
	for {
		select {
		case value := <-values:
			fn(value)
		case <-stop:
			return
		case <-time.After(idle):
			return
		}
	}
}
