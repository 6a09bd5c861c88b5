package torture

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"musette"
)

const ownerKey = "a-key-for-the-tests-only"

// A site is one instance that serves, and can be killed and started again at the same address.
type site struct {
	*program
	*process
	url    string
	client *http.Client
}

// site makes an instance with a data directory of its own; begin starts it.
func (p *program) site(name string) *site {
	p.t.Helper()
	address := freeAddress(p.t)
	transport := &http.Transport{MaxIdleConnsPerHost: 100} // no proxy
	p.t.Cleanup(transport.CloseIdleConnections)
	q := p.with("MUSETTE_ADDR="+address, "MUSETTE_API_KEY="+ownerKey, "MUSETTE_DATA="+filepath.Join(p.dir, name))
	return &site{program: q, url: "http://" + address, client: &http.Client{Transport: transport, Timeout: 30 * time.Second}}
}

// begin starts `musette serve`, and returns once it serves.
func (s *site) begin() {
	s.program.t.Helper()
	s.process = s.start("serve")
	s.says(`(musette serves) http://`)
}

func (s *site) get(path string) (body string, err error) { return s.do("GET", path, "") }

// do makes a request as the owner. Anything but a 2xx answer is an error.
func (s *site) do(method, path, body string) (string, error) {
	req, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header.Set("Authorization", "Bearer "+ownerKey)
	if !strings.HasPrefix(path, "/v1/") {
		req.Header.Set("Accept", "text/html")
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: %s: %.300s", method, path, resp.Status, answer)
	}
	return string(answer), err
}

// status is the state of the mirror, as this instance says.
func (s *site) status() (st musette.Status, err error) {
	body, err := s.get("/v1/status")
	if err != nil {
		return st, err
	}
	return st, json.Unmarshal([]byte(body), &st)
}

// feed is all that this instance shows.
func (s *site) feed() (all []musette.Activity, err error) {
	for path := "/v1/feed?limit=500"; ; {
		var page struct {
			Activities []musette.Activity `json:"activities"`
			Next       *string            `json:"next"`
		}
		body, err := s.get(path)
		if err = errors.Join(err, json.Unmarshal([]byte(body), &page)); err != nil {
			return nil, err
		}
		all = append(all, page.Activities...)
		if page.Next == nil {
			return all, nil
		}
		path = "/v1/feed?limit=500&cursor=" + *page.Next
	}
}

// refresh asks for what is new, as a person does. That it can't be done now is no failure.
func (s *site) refresh() {
	s.program.t.Helper()
	if _, err := s.do("POST", "/v1/refresh", ""); err != nil && !strings.Contains(err.Error(), ": 409 ") {
		s.program.t.Errorf("a refresh: %v", err)
	}
}
