package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"musette/feed"
)

// The caching of what only its owner may see, and of what everybody may.
const (
	cachePrivate = "private, no-cache"
	cachePublic  = "public, max-age=60, stale-while-revalidate=3600, stale-if-error=3600"
)

const apiJSON = "application/json"

// send answers with a ready response: in the coding the client likes best, or with 304 if it has it already.
func send(w http.ResponseWriter, r *http.Request, to feed.Reader, response *feed.Response) {
	sendAs(apiJSON, w, r, to, response)
}

// sendAs is send for another type of content.
func sendAs(contentType string, w http.ResponseWriter, r *http.Request, to feed.Reader, response *feed.Response) {
	coding := feed.Plain
	if response.Worthwhile() && contentType != "image/png" { // which is compressed as it is
		coding = preferredCoding(r.Header.Values("Accept-Encoding"))
	}
	h, tag := w.Header(), response.ETag(coding)
	same := matches(r.Header.Values("If-None-Match"), tag)
	if same && contentType == apiJSON {
		dropBodyHeaders(h) // before there are more than eight, which is what a map holds without growing
	}
	h["Cache-Control"], h["Etag"] = publicCache, []string{tag}
	if to.Owner {
		h["Cache-Control"] = privateCache
	}
	if same {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := response.Encoded(coding)
	h.Set("Content-Type", contentType)
	if coding != feed.Plain {
		h.Set("Content-Encoding", coding)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	gather(r, len(body), func() {
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write(body) // if it fails nobody is there to be told
	})
}

// dropBodyHeaders takes away the headers that say how a browser treats a body. A 304 has none, and must repeat only what is
// about caching; who has the body has these with it (RFC 9110, section 15.4.5; RFC 9111, section 3.2). They would be
// most of the answer. A document keeps them, since its policy may become another one before its body does.
func dropBodyHeaders(h http.Header) {
	delete(h, "X-Content-Type-Options")
	delete(h, "Referrer-Policy")
	delete(h, "Content-Security-Policy")
}

// preferredCoding chooses among the codings in Accept-Encoding the one with the highest weight; zstd before gzip
// before none. RFC 9110, section 12.5.3.
func preferredCoding(accept []string) string {
	const unnamed = -1.0
	identity, gzip, zstd, star := unnamed, unnamed, unnamed, unnamed
	for _, line := range accept {
		for item := range strings.SplitSeq(line, ",") {
			name, params, _ := strings.Cut(item, ";")
			switch strings.TrimPrefix(strings.ToLower(strings.TrimSpace(name)), "x-") {
			case "identity":
				identity = weight(params)
			case feed.Gzip:
				gzip = weight(params)
			case feed.Zstd:
				zstd = weight(params)
			case "*":
				star = weight(params)
			}
		}
	}
	// What isn't named has the weight of the star; without a star only sending it as it is will do.
	of := func(w, otherwise float64) float64 {
		switch {
		case w != unnamed:
			return w
		case star != unnamed:
			return star
		}
		return otherwise
	}
	const little = 1e-9 // unnamed, unencoded is acceptable, and any coding that was asked for better
	best, coding := of(identity, little), feed.Plain
	if w := of(gzip, 0); w > 0 && w >= best {
		best, coding = w, feed.Gzip
	}
	if w := of(zstd, 0); w > 0 && w >= best {
		coding = feed.Zstd
	}
	return coding
}

// weight reads ";q=0.5"; what can't be read is 0, so that nobody gets a coding they may not have meant.
func weight(params string) float64 {
	for param := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(param, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "q") {
			continue
		}
		q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil || !(q >= 0 && q <= 1) {
			return 0
		}
		return q
	}
	return 1
}

// matches reports whether If-None-Match lists a tag. Tags of ours have no comma in them; comparison is weak.
func matches(ifNoneMatch []string, tag string) bool {
	for _, line := range ifNoneMatch {
		for item := range strings.SplitSeq(line, ",") {
			item = strings.TrimPrefix(strings.TrimSpace(item), "W/")
			if item == tag || item == "*" {
				return true
			}
		}
	}
	return false
}

// query returns a request's parameters, or says that they can't be read.
func query(r *http.Request) (url.Values, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, &problem{Status: http.StatusBadRequest, Detail: "The address has parameters that can't be read: " + err.Error() + "."}
	}
	return values, nil
}

// params is query, for parameters that must be among allowed and given once.
func params(r *http.Request, allowed ...string) (url.Values, error) {
	values, err := query(r)
	if err != nil {
		return nil, err
	}
	return values, feed.CheckParams(values, allowed...)
}
