//go:build linux || darwin || freebsd

package main

import "syscall"

// diskOf is how much room there is on a directory's disk for us, and how large that is, in bytes.
func diskOf(dir string) (free, size uint64, err error) {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(dir, &stat); err != nil {
		return 0, 0, err
	}
	return uint64(stat.Bavail) * uint64(stat.Bsize), stat.Blocks * uint64(stat.Bsize), nil
}
