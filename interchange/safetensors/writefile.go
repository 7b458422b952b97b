package safetensors

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
)

// WriteFile is [Write] to the file at path, which is complete and on disk when it returns, or with an error stays as it
// was.
func WriteFile(path string, metadata map[string]string, tensors ...Tensor) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".safetensors-*")
	if err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	defer os.Remove(file.Name()) // Gone after the rename; left over only on error.
	buffered := bufio.NewWriter(file)
	err = Write(buffered, metadata, tensors...)
	if err == nil {
		err = buffered.Flush()
	}
	if err == nil {
		err = file.Chmod(0o644)
	}
	if err == nil {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}
