package views

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/trace"
)

// The table says what the record, its meta and the outcome know, and a dash for what they do not.
func TestOutcomes(t *testing.T) {
	r := opened(t, small, 5)
	row := Outcome{Run: r, Accuracy: .975, Examples: 360, Cost: .0531}.row()
	require.Equal(t, []string{"synthetic", "test", row[2], "0.01", "–", "500"}, row[:6])
	require.Regexp(t, `^(79|8\d)(\.\d+)?%$`, row[2], "of the masks, not of a plan")
	require.Equal(t, []string{"97.5%", "0.053"}, []string{row[7], row[9]})
	require.NotEqual(t, "–", row[8])

	begun := opened(t, small, -1)
	begun.Name = "begun"
	require.Equal(t, []string{"begun", "test", "–", "–", "–", "0", "–", "–", "–", "–"},
		Outcome{Run: begun, Accuracy: nan()}.row())
	f := Outcomes(Outcome{Run: r, Accuracy: .975, Examples: 360}, Outcome{Run: begun, Accuracy: nan(), Examples: 360})
	checkFigure(t, f)
	require.Contains(t, f.HTML(), "One of 360 test examples is 0.28 points.")
	require.True(t, Outcomes().Empty())
}

// c belongs to a rule that has it, whatever the plan of the run says.
func TestOutcomesKnowCOfTheRule(t *testing.T) {
	r := &Run{Updates: []*trace.Update{{Step: 10, Round: 1, Params: trace.Scalars{"rho": 1}}}}
	require.Nil(t, r.lastParam("c"))
	require.Equal(t, 1., *r.lastParam("rho"))
}
