package safetensors

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"unicode/utf8"
)

// parseHeader reads a header and checks all that it says against the size of the data that follow it, in bytes. The
// tensors come in the order of their offsets.
func parseHeader(header []byte, dataSize int64) (metadata map[string]string, infos []Info, err error) {
	if len(header) == 0 || header[0] != '{' {
		return nil, nil, errors.New("the header does not begin with \"{\": this is no safetensors file")
	}
	if !utf8.Valid(header) {
		return nil, nil, errors.New("the header is not UTF-8")
	}
	d := &decoder{json: json.NewDecoder(bytes.NewReader(header))}
	d.json.UseNumber()
	err = d.object(func(key string) (err error) {
		if key == metadataKey {
			metadata, err = d.metadata()
			return err
		}
		info, err := d.info(key)
		if err != nil {
			return fmt.Errorf("tensor %q: %w", key, err)
		}
		infos = append(infos, info)
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("the header, near byte %d: %w", d.json.InputOffset(), err)
	}
	if _, err := d.json.Token(); err != io.EOF {
		return nil, nil, fmt.Errorf("the header goes on after its JSON object, at byte %d", d.json.InputOffset())
	}
	return metadata, infos, checkOffsets(infos, dataSize)
}

// checkOffsets sorts the tensors by offset and checks that they fill the data: no overlap, no hole, nothing left.
func checkOffsets(infos []Info, dataSize int64) error {
	slices.SortStableFunc(infos, func(a, b Info) int {
		return cmp.Or(cmp.Compare(a.Begin, b.Begin), cmp.Compare(a.End, b.End))
	})
	end, previous := int64(0), "the header"
	for _, info := range infos {
		size, err := info.Size()
		switch {
		case err != nil:
			return fmt.Errorf("tensor %q: %w", info.Name, err)
		case info.End-info.Begin != size || info.End < info.Begin:
			return fmt.Errorf("tensor %q: the offsets [%d, %d] hold %d bytes, but %s of shape %v takes %d",
				info.Name, info.Begin, info.End, info.End-info.Begin, info.DType, info.Shape, size)
		case info.Begin < end:
			return fmt.Errorf("tensor %q at offset %d overlaps %s, which ends at %d", info.Name, info.Begin, previous, end)
		case info.Begin > end:
			return fmt.Errorf("tensor %q at offset %d leaves a hole after %s, which ends at %d", info.Name, info.Begin, previous, end)
		case info.End > dataSize:
			return fmt.Errorf("tensor %q ends at offset %d, but the file ends %d bytes after its header: it is truncated",
				info.Name, info.End, dataSize)
		}
		end, previous = info.End, fmt.Sprintf("tensor %q", info.Name)
	}
	if end != dataSize {
		return fmt.Errorf("there are %d bytes after %s, which ends at offset %d", dataSize-end, previous, end)
	}
	return nil
}

// decoder reads the JSON of a header token by token: Go's decoding into maps would take the last of duplicate keys.
type decoder struct{ json *json.Decoder }

// object calls field for each key, to read its value. A key that comes twice is an error.
func (d *decoder) object(field func(key string) error) error {
	if err := d.delim('{'); err != nil {
		return err
	}
	seen := map[string]bool{}
	for d.json.More() {
		key, err := d.text()
		if err != nil {
			return err
		}
		if seen[key] {
			return fmt.Errorf("%q comes twice", key)
		}
		seen[key] = true
		if err := field(key); err != nil {
			return err
		}
	}
	return d.delim('}')
}

func (d *decoder) metadata() (map[string]string, error) {
	metadata := map[string]string{}
	return metadata, d.object(func(key string) error {
		value, err := d.text()
		if err != nil {
			return fmt.Errorf("%s %q: %w", metadataKey, key, err)
		}
		metadata[key] = value
		return nil
	})
}

func (d *decoder) info(name string) (Info, error) {
	info := Info{Name: name, Shape: []int{}}
	fields := 0
	err := d.object(func(key string) (err error) {
		fields++
		switch key {
		case "dtype":
			var text string
			text, err = d.text()
			info.DType = DType(text)
		case "shape":
			err = d.integers(func(n int64) error {
				if int64(int(n)) != n {
					return fmt.Errorf("the dimension %d is too large for this machine", n)
				}
				info.Shape = append(info.Shape, int(n))
				return nil
			})
		case "data_offsets":
			var offsets []int64
			err = d.integers(func(n int64) error {
				offsets = append(offsets, n)
				return nil
			})
			if err == nil && len(offsets) != 2 {
				err = fmt.Errorf("want 2 numbers, got %d", len(offsets))
			}
			if err == nil {
				info.Begin, info.End = offsets[0], offsets[1]
			}
		default:
			return fmt.Errorf("unknown field %q: a tensor has dtype, shape and data_offsets", key)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		return nil
	})
	if err == nil && fields != 3 {
		err = errors.New("a tensor needs dtype, shape and data_offsets")
	}
	return info, err
}

// integers reads an array of integers that are not negative.
func (d *decoder) integers(item func(n int64) error) error {
	if err := d.delim('['); err != nil {
		return err
	}
	for d.json.More() {
		token, err := d.token()
		if err != nil {
			return err
		}
		number, _ := token.(json.Number)
		n, err := strconv.ParseUint(number.String(), 10, 63)
		if err != nil {
			return fmt.Errorf("want an integer that is not negative, got %v", token)
		}
		if err := item(int64(n)); err != nil {
			return err
		}
	}
	return d.delim(']')
}

func (d *decoder) text() (string, error) {
	token, err := d.token()
	if err != nil {
		return "", err
	}
	text, ok := token.(string)
	if !ok {
		return "", fmt.Errorf("want a string, got %v", token)
	}
	return text, nil
}

func (d *decoder) delim(want json.Delim) error {
	token, err := d.token()
	if err != nil {
		return err
	}
	if token != want {
		return fmt.Errorf("want %q, got %v", want.String(), token)
	}
	return nil
}

func (d *decoder) token() (json.Token, error) {
	token, err := d.json.Token()
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return token, err
}
