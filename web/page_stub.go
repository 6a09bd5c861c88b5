package web

import "net/http"

// What follows are the places where the page meets the server; they only hold them until the page is here.

// page answers GET /. Who reads: s.visitor(r), then Known and reader(); without a key and with nothing published it
// shows loginPage.
func (s *Server) page(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.read(r); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, err := w.Write([]byte("<!doctype html><title>Musette</title>"))
	return err
}

// pageRoutes adds what the page needs besides, with s.handle.
func (s *Server) pageRoutes(*http.ServeMux) {}

// loginPage shows a form for a key, or, if there is a code, a button that sends it. trouble says why the last try
// failed, "" at first.
func (s *Server) loginPage(w http.ResponseWriter, _ *http.Request, status int, code, trouble string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	b, err := stubPages().login(trouble)
	if code != "" {
		b, err = stubPages().open(code)
	}
	if err == nil {
		_, _ = w.Write(b)
	}
}

func stubPages() *pages {
	p, err := newPages()
	if err != nil {
		panic(err)
	}
	return p
}

// errorPage shows a person what went wrong.
func (s *Server) errorPage(w http.ResponseWriter, _ *http.Request, p *problem) { p.write(w) }
