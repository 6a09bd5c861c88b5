package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"path"
	"strings"

	"musette/feed"
)

//go:embed static/*
var staticFiles embed.FS

// assets are the page's own files. Each address holds a hash of what it leads to, so that a browser may keep it for
// good.
type assets struct {
	paths map[string]string // "musette.css" -> "/static/musette.3f2a….css"
	files map[string]asset  // by path
}

type asset struct {
	kind     string
	response *feed.Response // its codings
}

func loadAssets() (*assets, error) {
	a := &assets{paths: map[string]string{}, files: map[string]asset{}}
	err := fs.WalkDir(staticFiles, "static", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		body, err := staticFiles.ReadFile(name)
		if err != nil {
			return err
		}
		base, ext := path.Base(name), path.Ext(name)
		sum := sha256.Sum256(body)
		p := "/static/" + strings.TrimSuffix(base, ext) + "." + hex.EncodeToString(sum[:6]) + ext
		a.paths[base] = p
		a.files[p] = asset{kind: mime.TypeByExtension(ext), response: feed.NewResponse(body, "")}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the page's own files: %w", err)
	}
	return a, nil
}

// path is a file's address; an unknown name is a mistake in a template.
func (a *assets) path(name string) (string, error) {
	p, ok := a.paths[name]
	if !ok {
		return "", fmt.Errorf("there is no file %q among the page's own", name)
	}
	return p, nil
}
