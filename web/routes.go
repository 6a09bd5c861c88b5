package web

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"musette/feed"
)

// A handler answers one method of one path. What it returns is written as a problem: a [*problem] as it is, a
// [*feed.ParamError] as 400, anything else as 500, and only that is logged.
type handler func(w http.ResponseWriter, r *http.Request) error

// methods are the handlers of one path; GET answers HEAD too.
type methods map[string]handler

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, m := range s.table() {
		s.handle(mux, pattern, m)
	}
	return mux
}

// table has every path there is.
func (s *Server) table() map[string]methods {
	table := map[string]methods{
		"/v1/feed":                    {"GET": s.getFeed},
		"/v1/activities/{id}":         {"GET": s.getActivity}, // and .geojson, .gpx
		"/v1/activities/{id}/hide":    {"PUT": s.putHide, "DELETE": s.deleteHide},
		"/v1/activities/{id}/map.svg": {"GET": s.getActivityMap},
		"/p/{id}/{size}":              {"GET": s.getPicture},
		"/v1/totals":                  {"GET": s.getTotals},
		"/v1/status":                  {"GET": s.getStatus},
		"/v1/changes":                 {"GET": s.getChanges},
		"/v1/events":                  {"GET": s.getEvents},
		"/v1/refresh":                 {"POST": s.postRefresh},
		webhookPath:                   s.webhookMethods(),
		metricsPath:                   {"GET": s.getMetrics},
		"/healthz":                    {"GET": s.getHealth},
		"/readyz":                     {"GET": s.getReady},
		"/openapi.json":               {"GET": s.getOpenAPI},
		"/docs":                       {"GET": s.getDocs},
		"/login":                      {"GET": s.getLogin, "POST": s.postLogin},
		"/logout":                     {"POST": s.postLogout},
		"/{$}":                        {"GET": s.page},
		"/":                           {},
	}
	maps.Copy(table, s.stravaRoutes())
	maps.Copy(table, s.pageRoutes())
	maps.Copy(table, s.connectRoutes())
	maps.Copy(table, s.embedRoutes())
	maps.Copy(table, s.profileRoutes())
	maps.Copy(table, s.meRoutes())
	maps.Copy(table, s.statusRoutes())
	return table
}

// handle adds a path with its methods; others are answered by 405, and a path without any by 404.
func (s *Server) handle(mux *http.ServeMux, pattern string, m methods) {
	allowed := slices.Sorted(maps.Keys(m))
	if m["GET"] != nil {
		allowed = slices.Insert(allowed, 1, "HEAD")
	}
	mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		noteRoute(r, pattern)
		method := r.Method
		if method == http.MethodHead {
			method = http.MethodGet
		}
		h := m[method]
		switch {
		case len(m) == 0:
			h = func(http.ResponseWriter, *http.Request) error { return notFound(nothingHere) }
		case h == nil:
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			h = func(http.ResponseWriter, *http.Request) error {
				return &problem{
					Status: http.StatusMethodNotAllowed,
					Detail: "This address answers " + strings.Join(allowed, ", ") + ".",
				}
			}
		}
		err := s.limit(w, r, pattern)
		if err == nil && m[method] != nil {
			err = checkBody(r, pattern)
		}
		if err == nil {
			err = h(w, r)
		}
		if err != nil {
			s.fail(w, r, err)
		}
	})
}

// fail answers with what went wrong.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	var p *problem
	var param *feed.ParamError
	switch {
	case errors.As(err, &p):
	case errors.As(err, &param):
		p = badParam(param)
	case r.Context().Err() != nil:
		return // nobody listens any more
	default:
		s.config.Log.Error("a request failed", "error", err, "method", r.Method, "path", withoutSecret(r.URL.Path), "request", requestID(r))
		p = &problem{
			Status: http.StatusInternalServerError,
			Detail: "Something went wrong here. No data is lost. The log has more under the request's id.",
			More:   map[string]any{"request": requestID(r)},
		}
	}
	switch {
	case underStrava(r):
		p.writeFault(w)
	case wantsPage(r):
		s.errorPage(w, r, p)
	default:
		p.write(w)
	}
}

// wantsPage reports whether a person's browser asks, for anything but the APIs.
func wantsPage(r *http.Request) bool {
	return !strings.HasPrefix(r.URL.Path, "/v1/") && !underStrava(r) && strings.Contains(r.Header.Get("Accept"), "text/html")
}
