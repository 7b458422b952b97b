package views

import (
	"fmt"
	"strings"

	"github.com/sparsekernel/sparsekernel/trace"
	"github.com/sparsekernel/sparsekernel/views/internal/svg"
)

// Survival shows what becomes of grown weights, over all layers, one line for each run. To the left, the share that is still
// active after so many further updates, by the estimator of Kaplan and Meier (Journal of the American Statistical
// Association 53, 1958), for which weights still active at the end are censored. To the right, by update, the share of
// active weights that it grew (churn; of a single run), and of those that it grew, the share that the next update drops
// (regret). Weights dropped and regrown at once count as kept.
func Survival(runs ...*Run) (*Figure, error) {
	const title = "Do grown weights stay? A weight that is soon dropped again was a bad guess, or a cheap look"
	left := svg.Chart{X: svg.Axis{Label: "updates since it was grown", Low: new(float64)},
		Y: svg.Axis{Label: "grown weights still active", Percent: true, Low: new(float64), High: one()}}
	right := svg.Chart{X: svg.Axis{Label: "optimizer step"},
		Y: svg.Axis{Label: "grown, dropped by the next (regret)", Percent: true, Low: new(float64)}}
	var words []string
	for i, r := range runs {
		l, err := livesOf(r)
		if err != nil {
			return nil, err
		}
		if l.grown == 0 || len(l.steps) < 2 {
			continue
		}
		ages, shares := l.survival()
		alive := svg.Data{Name: r.Name, X: ages, Y: shares, Look: svg.Steps, Color: i % svg.Series}
		regret := svg.Data{Name: r.Name, X: l.steps[:len(l.regret)], Y: l.regret, Color: i % svg.Series}
		if len(runs) == 1 {
			alive.Name, regret.Name, regret.Color = "", "dropped by the next, of grown (regret)", 1
			right.Y.Label = "share of weights"
			right.Data = append(right.Data, svg.Data{Name: "grown, of active (churn)", X: l.steps, Y: l.churn, Color: 2})
		}
		left.Data, right.Data = append(left.Data, alive), append(right.Data, regret)
		words = append(words, fmt.Sprintf("%s: of %d weights grown by %d updates, %.0f%% outlive the next update and an estimated "+
			"%.0f%% are active after %.0f", r.Name, l.grown, len(l.steps), 100*shares[min(1, len(shares)-1)], 100*last(shares), last(ages)))
	}
	if len(words) == 0 {
		return message(title, "No update has followed yet on one that grew weights."), nil
	}
	d := svg.New(720, 300)
	left.Draw(d, 0, 0, 340, 300)
	right.Draw(d, 350, 0, 370, 300)
	return &Figure{Title: title, Topic: "Survival and regret", picture: d,
		Alt: "Survival curve of grown weights, and churn and regret by update. " + strings.Join(words, "; ") + "."}, nil
}

// lives are the lives of the weights that the updates of a run grew.
type lives struct {
	grown         int
	steps         []float64 // Of the updates.
	churn, regret []float64 // By update; regret has one less, since the last has none that follows.

	deaths, ends []int // By age in updates: weights dropped, and weights last seen, dropped or not.
}

func livesOf(r *Run) (*lives, error) {
	applied := r.Applied()
	if len(applied) == 0 {
		return &lives{}, nil
	}
	updates := len(applied) - 1
	l := &lives{deaths: make([]int, updates+1), ends: make([]int, updates+1)}
	grown, regretted := make([]int, updates+1), make([]int, updates+1)
	for _, path := range r.Layers() {
		if err := l.layer(r, path, grown, regretted); err != nil {
			return nil, err
		}
	}
	for at := 1; at <= updates; at++ {
		active := 0
		for i := range applied[at].Layers {
			active += applied[at].Layers[i].Active
		}
		l.grown += grown[at]
		l.steps = append(l.steps, float64(applied[at].Step))
		l.churn = append(l.churn, share(grown[at], active))
		if at < updates {
			l.regret = append(l.regret, share(regretted[at], grown[at]))
		}
	}
	return l, nil
}

// layer adds the lives of a layer's weights. grown and regretted count weights by the update that grew them.
func (l *lives) layer(r *Run, path string, grown, regretted []int) error {
	var born []int32 // By which update each active weight was grown; 0 for those that began active.
	at := 0
	err := r.eachMove(path, func(_ *trace.Update, _ *trace.Layer, moved trace.Transition) {
		if born == nil {
			born = make([]int32, len(moved.After))
			return
		}
		at++
		for i, before := range moved.Before {
			switch after := moved.After[i]; {
			case after && !before:
				born[i] = int32(at)
				grown[at]++
			case before && !after && born[i] > 0:
				age := at - int(born[i])
				l.deaths[age]++
				l.ends[age]++
				if age == 1 {
					regretted[born[i]]++
				}
				born[i] = 0
			case before && !after:
				born[i] = 0
			}
		}
	})
	for _, from := range born {
		if from > 0 {
			l.ends[at-int(from)]++
		}
	}
	return err
}

// survival returns the Kaplan-Meier estimate by age.
func (l *lives) survival() (ages, shares []float64) {
	alive, left := 1., l.grown
	for age := range l.ends {
		if left == 0 {
			break
		}
		alive *= 1 - share(l.deaths[age], left)
		left -= l.ends[age]
		ages, shares = append(ages, float64(age)), append(shares, alive)
	}
	return ages, shares
}

func share(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

func one() *float64 {
	x := 1.
	return &x
}
