package trace

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// JSON has no NaN and no infinities. The types of this file write them as the strings "NaN", "Infinity" and "-Infinity",
// which the number parsers of most languages read, and all other numbers so that they are read back exactly.

// Float32 is a float32 whose JSON may be NaN or infinite.
type Float32 float32

// Float32s are float32 values whose JSON may be NaN or infinite.
type Float32s []float32

// Scalars are numbers by name, whose JSON may be NaN or infinite. Names are sorted in the JSON.
type Scalars map[string]float64

// MarshalJSON writes the number, or its name if it is not finite.
func (f Float32) MarshalJSON() ([]byte, error) { return appendNumber(nil, float64(f), 32), nil }

// UnmarshalJSON reads what MarshalJSON writes.
func (f *Float32) UnmarshalJSON(data []byte) error {
	value, err := parseNumber(data, 32)
	*f = Float32(value)
	return err
}

// MarshalJSON writes a list of numbers.
func (f Float32s) MarshalJSON() ([]byte, error) {
	if f == nil {
		return []byte("null"), nil
	}
	out := append(make([]byte, 0, 12*len(f)+2), '[')
	for i, value := range f {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendNumber(out, float64(value), 32)
	}
	return append(out, ']'), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (f *Float32s) UnmarshalJSON(data []byte) error {
	var raw []json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	if raw == nil {
		*f = nil
		return nil
	}
	values := make(Float32s, len(raw))
	for i, item := range raw {
		value, err := parseNumber(item, 32)
		if err != nil {
			return err
		}
		values[i] = float32(value)
	}
	*f = values
	return nil
}

// MarshalJSON writes an object of numbers.
func (s Scalars) MarshalJSON() ([]byte, error) { return s.appendJSON(nil), nil }

// appendJSON appends the JSON.
func (s Scalars) appendJSON(out []byte) []byte {
	names := make([]string, 0, 8)
	for name := range s {
		names = append(names, name)
	}
	slices.Sort(names)
	out = append(out, '{')
	for i, name := range names {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(appendString(out, name), ':')
		out = appendNumber(out, s[name], 64)
	}
	return append(out, '}')
}

// appendString appends a JSON string.
func appendString(out []byte, text string) []byte {
	for _, c := range []byte(text) {
		if c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			quoted, _ := json.Marshal(text) // A string never fails.
			return append(out, quoted...)
		}
	}
	return append(append(append(out, '"'), text...), '"')
}

// UnmarshalJSON reads what MarshalJSON writes.
func (s *Scalars) UnmarshalJSON(data []byte) error {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	values := make(Scalars, len(raw))
	for name, item := range raw {
		value, err := parseNumber(item, 64)
		if err != nil {
			return fmt.Errorf("%q: %w", name, err)
		}
		values[name] = value
	}
	*s = values
	return nil
}

// appendNumber appends the shortest JSON that is read back as the same float of the given number of bits.
func appendNumber(out []byte, value float64, bits int) []byte {
	switch {
	case math.IsNaN(value):
		return append(out, `"NaN"`...)
	case math.IsInf(value, 1):
		return append(out, `"Infinity"`...)
	case math.IsInf(value, -1):
		return append(out, `"-Infinity"`...)
	}
	return strconv.AppendFloat(out, value, 'g', -1, bits)
}

// parseNumber reads what appendNumber writes.
func parseNumber(data []byte, bits int) (float64, error) {
	switch text := string(bytes.TrimSpace(data)); text {
	case `"NaN"`:
		return math.NaN(), nil
	case `"Infinity"`:
		return math.Inf(1), nil
	case `"-Infinity"`:
		return math.Inf(-1), nil
	default:
		value, err := strconv.ParseFloat(text, bits)
		if err != nil || text == "" || text[0] != '-' && (text[0] < '0' || text[0] > '9') {
			return 0, fmt.Errorf("%s is not a number of %d bits", text, bits)
		}
		return value, nil
	}
}
