package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sparsekernel/sparsekernel/run"
)

// roundsFlag is a flag that lists mask updates: numbers between commas, or "every".
type roundsFlag run.Rounds

const everyRound = "every"

// String implements pflag.Value.
func (r *roundsFlag) String() string {
	if slices.Equal(run.Rounds(*r), run.EveryRound) {
		return everyRound
	}
	return strings.Trim(strings.ReplaceAll(fmt.Sprint([]int(*r)), " ", ","), "[]")
}

// Set implements pflag.Value.
func (r *roundsFlag) Set(text string) error {
	if text == everyRound {
		*r = roundsFlag(run.EveryRound)
		return nil
	}
	var rounds roundsFlag
	for _, word := range strings.Split(text, ",") {
		round, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil || round < 1 {
			return fmt.Errorf("want rounds counted from 1 such as 3,10, or %q", everyRound)
		}
		rounds = append(rounds, round)
	}
	*r = rounds
	return nil
}

// Type implements pflag.Value.
func (r *roundsFlag) Type() string { return "rounds" }
