package main

import "path/filepath"

// folderFlag is a flag for a folder, kept as an absolute path, which other processes find as well.
type folderFlag string

// String implements pflag.Value.
func (f *folderFlag) String() string { return string(*f) }

// Set implements pflag.Value.
func (f *folderFlag) Set(text string) error {
	if text == "" {
		*f = ""
		return nil
	}
	path, err := filepath.Abs(text)
	*f = folderFlag(path)
	return err
}

// Type implements pflag.Value.
func (f *folderFlag) Type() string { return "folder" }
