package e2e

import (
	"bytes"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/go-json-experiment/json"
	"go.yaml.in/yaml/v3"

	"musette/strava/stravatest"
)

// There is no container engine in the tests, so what is in the Dockerfile is done by hand: its build command runs as
// it stands, and what it builds runs in an empty directory as its root, as the image's user, with the image's settings
// and its health check. (Only root may change the root; others run it where it is.)
func TestDockerfile(t *testing.T) {
	t.Parallel()
	body, err := os.ReadFile("../Dockerfile")
	must(t, err)
	text := strings.ReplaceAll(string(body), "\\\n", " ")
	find := func(pattern string) string {
		t.Helper()
		m := regexp.MustCompile(`(?m)^` + pattern + `$`).FindStringSubmatch(text)
		if m == nil {
			t.Fatalf("the Dockerfile has no line %s", pattern)
		}
		return m[1]
	}
	if got, want := find(`FROM golang:([0-9.]+) AS build`), goVersion(t); got != want {
		t.Errorf("it builds with Go %s, go.mod asks for %s", got, want)
	}

	image := filepath.Join(t.TempDir(), "image")
	build := exec.Command("sh", "-euc", strings.ReplaceAll(find(`RUN (.*go build .*)`), " /image/", " "+image+"/"))
	build.Dir, build.Env = "..", append(os.Environ(), "VERSION=v9.8.7")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	program := filepath.Join(image, "musette")
	file, err := elf.Open(program)
	must(t, err)
	defer file.Close()
	if libraries, err := file.ImportedLibraries(); err != nil || len(libraries) > 0 {
		t.Errorf("it needs %v, which an empty image hasn't (%v)", libraries, err)
	}

	var entry, command, health []string
	must(t, json.Unmarshal([]byte(find(`ENTRYPOINT (.*)`)), &entry))
	must(t, json.Unmarshal([]byte(find(`CMD (.*)`)), &command))
	must(t, json.Unmarshal([]byte(find(`HEALTHCHECK .* CMD (.*)`)), &health))
	if entry[0] != "/musette" || health[0] != "/musette" || find(`USER (.*)`) != "65532:65532" {
		t.Errorf("it runs %v and %v as %s", entry, health, find(`USER (.*)`))
	}
	w := newWorld(t, stravatest.Config{Seed: 51, Activities: 5, Limits: plenty})
	c := &container{program: w.program(), image: image}
	for _, setting := range strings.Fields(find(`ENV (.*)`)) {
		name, value, _ := strings.Cut(setting, "=")
		c.program.env[name] = value
	}
	c.program.env["MUSETTE_ADDR"] = freeAddress(t) // :8080 may be taken here
	c.furnish(find(`RUN (install .*)`))

	if out := c.run(t, 0, "/musette", "version"); !strings.Contains(out, "v9.8.7") {
		t.Errorf("its version is %q", out)
	}
	c.run(t, 1, health...)
	serve := c.command(append(entry, command...)...)
	var said output
	serve.Stdout, serve.Stderr = &said, &said
	must(t, serve.Start())
	t.Cleanup(func() { _ = serve.Process.Kill() })
	eventually(t, "the image's serving", func() bool { return strings.Contains(said.String(), "musette serves") })
	c.run(t, 0, health...)
	must(t, serve.Process.Signal(syscall.SIGTERM))
	if err := serve.Wait(); err != nil {
		t.Errorf("stopped, it ended with %v\n%s", err, said.String())
	}
}

// A container is a directory that programs take for the root.
type container struct {
	program *program
	image   string
}

// furnish makes what the image has besides the program, from the lines of install.
func (c *container) furnish(script string) {
	c.program.t.Helper()
	if os.Geteuid() != 0 {
		c.program.env["MUSETTE_DATA"] = filepath.Join(c.image, "data")
		return
	}
	install := exec.Command("sh", "-euc", strings.ReplaceAll(script, " /image/", " "+c.image+"/"))
	if out, err := install.CombinedOutput(); err != nil {
		c.program.t.Fatalf("%v\n%s", err, out)
	}
	must(c.program.t, os.Chmod(c.image, 0o755))
	for dir := filepath.Dir(c.image); dir != os.TempDir(); dir = filepath.Dir(dir) {
		must(c.program.t, os.Chmod(dir, 0o755))
	}
}

func (c *container) command(args ...string) *exec.Cmd {
	cmd := c.program.command(c.program.t.Context(), args[1:]...)
	if os.Geteuid() != 0 {
		cmd.Path = filepath.Join(c.image, args[0])
		return cmd
	}
	cmd.Path, cmd.Args[0], cmd.Dir = args[0], args[0], "/data"
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: c.image, Credential: &syscall.Credential{Uid: 65532, Gid: 65532}}
	return cmd
}

func (c *container) run(t *testing.T, code int, args ...string) string {
	t.Helper()
	cmd := c.command(args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	_ = cmd.Run()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != code {
		t.Fatalf("%v ended with %v, want %d\n%s", args, cmd.ProcessState, code, out.String())
	}
	return out.String()
}

func goVersion(t *testing.T) string {
	t.Helper()
	body, err := os.ReadFile("../go.mod")
	must(t, err)
	return regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(string(body))[1]
}

// composeFile is what is looked at of compose.yaml; any other name in these places is an error.
type composeFile struct {
	Name     string
	Services map[string]struct {
		Image, Build, Restart string
		EnvFile               string `yaml:"env_file"`
		Environment           map[string]string
		DependsOn             map[string]struct{ Condition string } `yaml:"depends_on"`
		Ports, Volumes, Tmpfs []string
		ReadOnly              bool     `yaml:"read_only"`
		CapDrop               []string `yaml:"cap_drop"`
		SecurityOpt           []string `yaml:"security_opt"`
		StopGracePeriod       string   `yaml:"stop_grace_period"`
		Healthcheck           *struct {
			Test                           []string
			Interval, Timeout, StartPeriod string
			Retries                        int
		}
	}
	Volumes map[string]any
}

// compose.yaml is read as YAML: every setting in it is one that the program knows and takes, what it refers to is in
// it, secrets come from .env alone, and nothing but the page listens, on the loopback.
func TestComposeFile(t *testing.T) {
	t.Parallel()
	body, err := os.ReadFile("../compose.yaml")
	must(t, err)
	var compose composeFile
	decoder := yaml.NewDecoder(strings.NewReader(strings.ReplaceAll(string(body), "start_period", "startperiod")))
	decoder.KnownFields(true)
	must(t, decoder.Decode(&compose))
	musette, postgres := compose.Services["musette"], compose.Services["postgres"]
	if musette.Build != "." || !strings.HasPrefix(postgres.Image, "postgres:") || musette.EnvFile != ".env" {
		t.Errorf("musette is built from %q with %q, postgres is %q", musette.Build, musette.EnvFile, postgres.Image)
	}
	if musette.DependsOn["postgres"].Condition != "service_healthy" || postgres.Healthcheck == nil {
		t.Error("musette doesn't wait for Postgres to be well")
	}
	for name, service := range compose.Services {
		for _, v := range service.Volumes {
			if volume, _, _ := strings.Cut(v, ":"); !hasKey(compose.Volumes, volume) {
				t.Errorf("%s has the volume %s, which isn't declared", name, volume)
			}
		}
		for _, p := range service.Ports {
			if name != "musette" || !strings.HasPrefix(p, "127.0.0.1:") {
				t.Errorf("%s listens on %s", name, p)
			}
		}
	}
	if len(postgres.Volumes) != 1 || len(musette.Volumes) != 1 || !strings.HasSuffix(musette.Volumes[0], ":"+musette.Environment["MUSETTE_DATA"]) {
		t.Errorf("volumes: %v, %v", postgres.Volumes, musette.Volumes)
	}
	if !musette.ReadOnly || !slices.Contains(musette.CapDrop, "ALL") {
		t.Error("the container may write, or has rights that it needs not")
	}
	secret := regexp.MustCompile(`\$\{([A-Z_]+):\?[^}]+\}`)
	for _, name := range []string{"DATABASE_URL", "MUSETTE_SECRET_KEY"} {
		if !secret.MatchString(musette.Environment[name]) {
			t.Errorf("%s is %q: what is secret comes from .env, and its absence is an error", name, musette.Environment[name])
		}
	}

	// The program takes these settings, with the secrets filled in.
	p := newProgram(t)
	for name, value := range musette.Environment {
		p.env[name] = secret.ReplaceAllString(value, strings.Repeat("0a", 32))
	}
	shown := p.must("serve", "--print-config")
	for name := range musette.Environment {
		if !regexp.MustCompile(`(?m)^` + name + `\s.*environment`).MatchString(shown) {
			t.Errorf("the program doesn't know %s:\n%s", name, shown)
		}
	}
	if strings.Contains(shown, "0a0a") {
		t.Errorf("a secret is shown:\n%s", shown)
	}
}

func hasKey[V any](m map[string]V, key string) bool { _, ok := m[key]; return ok }

// The systemd unit shuts the program in, and where there is a systemd, that takes it.
func TestSystemdUnit(t *testing.T) {
	t.Parallel()
	body, err := os.ReadFile("../deploy/musette.service")
	must(t, err)
	const installed = "/usr/local/bin/musette"
	for _, line := range []string{
		"ExecStart=" + installed + " serve", "User=musette", "StateDirectory=musette", "WorkingDirectory=/var/lib/musette",
		"RestartPreventExitStatus=2", "ProtectSystem=strict", "ProtectHome=yes", "PrivateTmp=yes", "NoNewPrivileges=yes",
		"CapabilityBoundingSet=", "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX", "SystemCallFilter=@system-service",
	} {
		if !strings.Contains(string(body), "\n"+line+"\n") {
			t.Errorf("the unit has no line %s", line)
		}
	}
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Log("there is no systemd-analyze here to ask")
		return
	}
	unit := filepath.Join(t.TempDir(), "musette.service")
	must(t, os.WriteFile(unit, bytes.ReplaceAll(body, []byte(installed), []byte(binary)), 0o644))
	ask := func(args ...string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), analyze, args...).CombinedOutput()
		if err != nil {
			t.Errorf("systemd-analyze %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	if out := ask("verify", "--man=no", unit); strings.Contains(out, "musette.service") {
		t.Errorf("systemd says\n%s", out)
	}
	if strings.Contains(ask("--help"), "--threshold") { // since version 250
		ask("security", "--offline=true", "--threshold=20", "--no-pager", unit) // 2.0 of 10
	}
}
