package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"musette/strava/stravatest"
)

// benchNginx compares the feed's first page, of many activities, with nginx that has the same bytes in a file, ready
// compressed: as a whole, and asked for by somebody who has them already.
func benchNginx(b *testing.B, t *table) {
	const few, many, path = 200, 10_000, "/v1/feed?limit=50"
	w := newWorld(b, stravatest.Config{Seed: 1, Activities: few, Limits: plenty})
	p := w.program()
	p.must("sync")
	must(b, w.at.Close())
	small := p.serve()
	before := small.memory()
	small.stop(interrupt)
	p.multiply(many)
	s := p.serve()
	s.says("everything was (checked)") // behind each start; warm is when that is over
	after := s.memory()
	t.add("memory", "of the process, kB for each 1,000 activities more", fmt.Sprintf("%.0f", (after.process-before.process)/float64(many-few)))
	t.add("", "of that ready JSON, kB for each 1,000", fmt.Sprintf("%.0f", (after.json-before.json)/float64(many-few)))

	program := nginx()
	if program == "" {
		t.add("nginx", "isn't installed", "-")
		return
	}
	ours := load(b, s.url+path, s.key)
	peer := startPeer(b, ours.header, ours.body)
	bare := load(b, peer.url+path, "")
	peer.stop(os.Kill)
	file := startNginx(b, program, ours.body)
	theirs := load(b, file, "")
	if !bytes.Equal(ours.body, theirs.body) {
		b.Fatalf("nginx sends %d bytes, %s; want %d", len(theirs.body), theirs.header.Get("Content-Encoding"), len(ours.body))
	}
	compare := func(what string, ours, theirs loaded) {
		t.add("nginx", what+": requests per second", fmt.Sprintf("%.0f", ours.perSecond))
		t.add("", "as a share of nginx's", fmt.Sprintf("%.2f of %.0f", ours.perSecond/theirs.perSecond, theirs.perSecond))
		t.add("", "99 of 100 answered within", milliseconds(ours.p99))
		t.add("", "as a multiple of nginx's", fmt.Sprintf("%.1f of %s", ours.p99.Seconds()/theirs.p99.Seconds(), milliseconds(theirs.p99)))
	}
	compare(fmt.Sprintf("GET %s of %d, %d kB gzipped", path, many, len(ours.body)/1000), ours, theirs)
	t.add("", "by a bare server in Go, as a share of nginx's", fmt.Sprintf("%.2f", bare.perSecond/theirs.perSecond))
	again := load(b, s.url+path, s.key, "If-None-Match: "+ours.header.Get("ETag"))
	theirAgain := load(b, file, "", "If-None-Match: "+theirs.header.Get("ETag"))
	if again.status != http.StatusNotModified || theirAgain.status != http.StatusNotModified {
		b.Fatalf("who has it already gets %d, from nginx %d", again.status, theirAgain.status)
	}
	compare("the same, not modified", again, theirAgain)
	s.stop(interrupt)
}

// memory is what a program says of its own, in bytes.
type memory struct{ process, json float64 }

func (s *site) memory() memory {
	var text string
	s.until("a database that was looked at", func() bool {
		text = s.get("/metrics").want(http.StatusOK).body
		return strings.Contains(text, "musette_database_up")
	})
	read := func(name string) float64 {
		m := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindStringSubmatch(text)
		if m == nil {
			s.t.Fatalf("there is no %s", name)
		}
		v, err := strconv.ParseFloat(m[1], 64)
		must(s.t, err)
		return v
	}
	return memory{read("process_resident_memory_bytes"), read("musette_memory_bytes")}
}

// nginx is where the program is, "" if it isn't here.
func nginx() string {
	for _, name := range []string{"nginx", "/usr/sbin/nginx"} { // the latter isn't on everybody's PATH
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// startNginx serves what a gzipped body holds, as it is and compressed, and returns the address.
func startNginx(b *testing.B, program string, gzipped []byte) string {
	b.Helper()
	dir, address := b.TempDir(), freeAddress(b)
	zr, err := gzip.NewReader(bytes.NewReader(gzipped))
	must(b, err)
	plain, err := io.ReadAll(zr)
	must(b, err)
	must(b, os.WriteFile(filepath.Join(dir, "feed.json"), plain, 0o644))
	must(b, os.WriteFile(filepath.Join(dir, "feed.json.gz"), gzipped, 0o644))
	must(b, os.Chmod(dir, 0o755)) // its workers run as somebody else
	config := fmt.Sprintf(`daemon off;
worker_processes auto;
pid %[1]s/pid;
error_log stderr error;
events { worker_connections 256; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 100000000;
  client_body_temp_path %[1]s/a; proxy_temp_path %[1]s/b; fastcgi_temp_path %[1]s/c; uwsgi_temp_path %[1]s/d; scgi_temp_path %[1]s/e;
  default_type application/json;
  server {
    listen %[2]s;
    root %[1]s;
    gzip_static on;
  }
}
`, dir, address)
	file := filepath.Join(dir, "nginx.conf")
	must(b, os.WriteFile(file, []byte(config), 0o644))
	cmd := exec.Command(program, "-p", dir, "-c", file, "-e", "stderr", "-g", "user root;")
	if os.Getuid() != 0 {
		cmd.Args = cmd.Args[:len(cmd.Args)-2]
	}
	var said output
	cmd.Stderr = &said
	must(b, cmd.Start())
	b.Cleanup(func() {
		_ = cmd.Process.Signal(interrupt) // it stops its workers
		_ = cmd.Wait()
	})
	client := newClient(b)
	eventually(b, "nginx", func() bool {
		resp, err := client.Get("http://" + address + "/feed.json")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			b.Fatalf("nginx answers %s\n%s", resp.Status, said.String())
		}
		return true
	})
	return "http://" + address + "/feed.json"
}
