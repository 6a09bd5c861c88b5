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
	"time"

	"github.com/klauspost/compress/gzip"

	"musette/strava/stravatest"
)

// benchNginx compares the feed's first page, of many activities, with nginx that has the same bytes in a file, ready
// compressed: as a whole, and asked for by somebody who has them already.
func benchNginx(b *testing.B, t *table) {
	const few, many, path, pace = 200, 10_000, "/v1/feed?limit=50", time.Millisecond
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
	mine := target{address: s.url + path, headers: []string{"Authorization: Bearer " + s.key}}
	first := load(b, mine)
	peer := startPeer(b, first.header, first.body)
	bare, file := target{address: peer.url + path}, target{address: startNginx(b, program, first.body)}
	compare := func(what string, status int) (theirTag string) {
		done := loadInTurn(b, mine, bare, file)
		ours, bares, theirs := done[0], done[1], done[2]
		if ours[0].status != status || theirs[0].status != status || !bytes.Equal(ours[0].body, theirs[0].body) {
			b.Fatalf("%s: %d with %d bytes, from nginx %d with %d", what, ours[0].status, len(ours[0].body), theirs[0].status, len(theirs[0].body))
		}
		t.add("nginx", what+": requests per second", fmt.Sprintf("%.0f", median(rates(ours))))
		t.add("", "as a share of nginx's", fmt.Sprintf("%.2f of %.0f", share(rates(ours), rates(theirs)), median(rates(theirs))))
		t.add("", "a bare Go server's, as a share of nginx's", fmt.Sprintf("%.2f", share(rates(bares), rates(theirs))))
		p99 := func(when string, ours, bares, theirs []loaded) {
			t.add("", when+", 99 of 100 answered within", milliseconds(median(waits(ours))))
			t.add("", "as a multiple of nginx's", fmt.Sprintf("%.1f of %s", share(waits(ours), waits(theirs)), milliseconds(median(waits(theirs)))))
			t.add("", "a bare Go server's, as a multiple of nginx's", fmt.Sprintf("%.1f", share(waits(bares), waits(theirs))))
		}
		p99("as fast as it goes", ours, bares, theirs)
		paced := loadInTurn(b, mine.every(pace), bare.every(pace), file.every(pace))
		p99(fmt.Sprintf("at %.0f a second", median(rates(paced[0]))), paced[0], paced[1], paced[2])
		return theirs[0].header.Get("ETag")
	}
	theirTag := compare(fmt.Sprintf("GET %s of %d, %d kB gzipped", path, many, len(first.body)/1000), http.StatusOK)
	mine.headers = append(mine.headers, "If-None-Match: "+first.header.Get("ETag"))
	bare.headers, file.headers = mine.headers, []string{"If-None-Match: " + theirTag}
	compare("the same, not modified", http.StatusNotModified)
	peer.stop(os.Kill)
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
