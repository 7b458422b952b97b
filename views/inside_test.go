package views

import (
	"encoding/xml"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// checkInside checks that no text of a picture leaves it, by a guess at the width of letters.
func checkInside(t testing.TB, picture string) {
	t.Helper()
	const letter = 6.2 // Letters of 12 pixels: less than what layouts reckon with.
	var width, height float64
	var origins [][2]float64 // Of the groups around.
	var x, y float64
	var anchor string
	inText := false
	decoder := xml.NewDecoder(strings.NewReader(picture))
	for {
		token, err := decoder.Token()
		if err != nil {
			return
		}
		switch token := token.(type) {
		case xml.StartElement:
			attributes := map[string]string{}
			for _, a := range token.Attr {
				attributes[a.Name.Local] = a.Value
			}
			number := func(name string) (value float64) {
				_, _ = fmt.Sscan(attributes[name], &value)
				return value
			}
			switch token.Name.Local {
			case "svg":
				width, height = number("width"), number("height")
			case "g":
				var dx, dy float64
				_, _ = fmt.Sscanf(attributes["transform"], "translate(%g %g)", &dx, &dy)
				if n := len(origins); n > 0 {
					dx, dy = dx+origins[n-1][0], dy+origins[n-1][1]
				}
				origins = append(origins, [2]float64{dx, dy})
			case "text":
				x, y, anchor, inText = number("x"), number("y"), attributes["text-anchor"], attributes["transform"] == ""
				if n := len(origins); n > 0 {
					x, y = x+origins[n-1][0], y+origins[n-1][1]
				}
			}
		case xml.CharData:
			if !inText {
				continue
			}
			long := letter * float64(len([]rune(string(token))))
			from := map[string]float64{"start": x, "middle": x - long/2, "end": x - long}[anchor]
			require.GreaterOrEqual(t, from, -4., "%q begins left of the picture", token)
			require.LessOrEqual(t, from+long, width+4, "%q ends right of the picture", token)
			require.Less(t, y, height, "%q is below the picture", token)
		case xml.EndElement:
			switch token.Name.Local {
			case "g":
				origins = origins[:len(origins)-1]
			case "text":
				inText = false
			}
		}
	}
}
