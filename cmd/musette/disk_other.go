//go:build !(linux || darwin || freebsd)

package main

import "errors"

// diskOf can't tell.
func diskOf(string) (free, size uint64, err error) { return 0, 0, errors.ErrUnsupported }
