package whatif

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
)

// FileName is the name of a round's file in the folder of a run's rounds.
func FileName(number int) string { return fmt.Sprintf("round-%04d.safetensors", number) }

var fileName = regexp.MustCompile(`^round-(\d{1,18})\.safetensors$`)

// Find returns the path of a round in a folder of rounds, by its number; 0 stands for the only one there is.
func Find(dir string, number int) (string, error) {
	files, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("whatif: listing rounds: %w", err)
	}
	var numbers []int
	for _, file := range files {
		match := fileName.FindStringSubmatch(file.Name())
		if match == nil {
			continue
		}
		n, _ := strconv.Atoi(match[1]) // At most 18 digits.
		if n == number {
			return filepath.Join(dir, file.Name()), nil
		}
		numbers = append(numbers, n)
	}
	switch {
	case len(numbers) == 0:
		return "", fmt.Errorf("whatif: there are no saved mask updates in %s: `dstee train --out RUN --save-rounds 3,10` (or every) saves them", dir)
	case number == 0 && len(numbers) == 1:
		return filepath.Join(dir, FileName(numbers[0])), nil
	case number == 0:
		return "", fmt.Errorf("whatif: there are rounds %v in %s: say which (--round)", numbers, dir)
	}
	return "", fmt.Errorf("whatif: there is no round %d in %s, only rounds %v", number, dir, numbers)
}
