package keeper_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"musette/strava/stravatest"
)

// A Strava that gives fewer comments a page than it was asked for must not cut them short: how long a page is says
// nothing, the count does.
func TestCommentsInShortPagesAreAllFetched(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 12, Activities: 10, Limits: plenty})
	id := h.server.Activities(h.athlete())[0].ID
	for range 12 {
		_, err := h.server.AddComment(id, somebody, "Another one")
		h.must(err)
	}
	real, err := url.Parse(h.at.URL)
	h.must(err)
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(real)
		if strings.HasSuffix(r.In.URL.Path, "/comments") {
			q := r.Out.URL.Query()
			q.Set("page_size", "5")
			r.Out.URL.RawQuery = q.Encode()
		}
	}}
	between := httptest.NewServer(http.Handler(proxy))
	t.Cleanup(between.Close)
	h.close()
	h.at.APIURL = between.URL + "/api/v3"
	h.open()
	h.later(time.Hour)
	h.complete()
}
