//go:build unix

package main

import (
	"fmt"
	"io/fs"
	"syscall"
)

// streamOf is an open file as systemd names it in JOURNAL_STREAM: device and inode.
func streamOf(info fs.FileInfo) string {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	return fmt.Sprintf("%d:%d", stat.Dev, stat.Ino)
}
