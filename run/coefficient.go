package run

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/sparsekernel/sparsekernel/dstee"
)

// scheduleDecay begins the schedule of c that dstee.Decay is: "decay@0.9,1000" makes it 0.9 of itself every 1,000 steps, as
// the code of DST-EE's first author does.
const scheduleDecay = "decay@"

// coefficient is the schedule of c. The spec is valid.
func (s Spec) coefficient() dstee.Schedule {
	schedule, err := s.readCoefficient()
	if err != nil {
		panic(err)
	}
	return schedule
}

// readCoefficient reads the schedule of c.
func (s Spec) readCoefficient() (dstee.Schedule, error) {
	numbers, decays := strings.CutPrefix(s.CSchedule, scheduleDecay)
	switch {
	case s.CSchedule == "" || s.CSchedule == ScheduleConstant:
		return dstee.Constant(s.C), nil
	case s.CSchedule == ScheduleCosine:
		return dstee.Cosine{First: s.C}, nil
	case decays:
		first, second, _ := strings.Cut(numbers, ",")
		factor, factorErr := strconv.ParseFloat(first, 64)
		every, everyErr := strconv.Atoi(second)
		if factorErr != nil || everyErr != nil || !(factor >= 0 && factor <= 1) || every < 1 {
			return nil, fmt.Errorf("the schedule %q of c: want a factor in [0, 1] and steps, such as decay@0.9,1000", s.CSchedule)
		}
		return dstee.Decay{First: s.C, Factor: factor, Every: every}, nil
	}
	return nil, fmt.Errorf("unknown schedule %q of c: the known ones are %s, %s to 0, and decay@ with a factor and steps, such as "+
		"decay@0.9,1000", s.CSchedule, ScheduleConstant, ScheduleCosine)
}
