//go:build !unix

package main

import "io/fs"

// streamOf is empty: there is no journal here.
func streamOf(fs.FileInfo) string { return "" }
