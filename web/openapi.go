package web

import (
	_ "embed"
	"net/http"
	"sync"

	"github.com/go-json-experiment/json"
	"go.yaml.in/yaml/v3"

	"musette/feed"
)

//go:embed openapi.yaml
var openAPI []byte

// openAPIJSON is the description as JSON, made when first asked for.
var openAPIJSON = sync.OnceValues(func() (*feed.Response, error) {
	var doc map[string]any
	if err := yaml.Unmarshal(openAPI, &doc); err != nil {
		return nil, err
	}
	b, err := json.Marshal(doc, json.Deterministic(true))
	if err != nil {
		return nil, err
	}
	return feed.NewResponse(b, "openapi"), nil
})

func (s *Server) getOpenAPI(w http.ResponseWriter, r *http.Request) error {
	if _, err := params(r); err != nil {
		return err
	}
	response, err := openAPIJSON()
	if err != nil {
		return err
	}
	send(w, r, feed.Reader{}, response)
	return nil
}
