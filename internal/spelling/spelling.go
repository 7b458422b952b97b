// Package spelling helps people who mistyped a name.
package spelling

import (
	"fmt"
	"strings"
)

// Unknown is the error that a name is none of the known ones of its kind, such as "method". It suggests one that is like it.
func Unknown(kind, name string, known []string) error {
	suggestion, list := Suggestion(name, known), "the known ones are "+strings.Join(known, ", ")
	if suggestion != "" {
		list = " T" + strings.TrimPrefix(list, "t")
	} else {
		suggestion = ": "
	}
	return fmt.Errorf("unknown %s %q%s%s", kind, name, suggestion, list)
}

// Suggestion is such as `: did you mean "rigl"?`, with the known name that is most like the given one, "" if none is.
func Suggestion(name string, known []string) string {
	best, least := "", min(3, len(name))
	for _, candidate := range known {
		distance := editDistance(strings.ToLower(name), candidate)
		if len(name) > 1 && strings.HasPrefix(candidate, strings.ToLower(name)) {
			distance = min(distance, 1)
		}
		if distance < least {
			best, least = candidate, distance
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(": did you mean %q?", best)
}

// editDistance is the number of letters to insert, delete or replace to make b of a (Levenshtein).
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
