package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

const (
	insideVar     = "MUSETTE_E2E_INSIDE" // the test that runs in a namespace, in the process that does
	cannotPrepare = 77                   // the exit code of a process whose namespace is of no use
)

// inNamespace runs the test that calls it in a process of its own, in namespaces of Linux: flags says which, prepare
// fits them out. In that process it returns inside true, and the test goes on; in the first one it returns when the
// other has ended, and there is nothing left to do. possible is false where the system allows no such thing.
func inNamespace(t *testing.T, flags uintptr, prepare func() error) (inside, possible bool) {
	t.Helper()
	if os.Getenv(insideVar) == t.Name() {
		if err := prepare(); err != nil {
			fmt.Fprintln(os.Stderr, "the namespace can't be prepared:", err)
			os.Exit(cannotPrepare)
		}
		return true, true
	}
	self, err := os.Executable()
	must(t, err)
	again := []string{self, "-test.run=^" + t.Name() + "$", "-test.v", "-test.count=1"}
	cmd := exec.CommandContext(t.Context(), again[0], again[1:]...)
	cmd.Env = append(os.Environ(), insideVar+"="+t.Name(), builtBinary+"="+binary)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags}
	root := os.Geteuid() == 0
	if !root {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	if runAgain(t, cmd) {
		return false, true
	}
	if root || os.Getenv("CI") != "true" {
		return false, false
	}
	// Some systems keep namespaces from users. In CI there may be a sudo that doesn't ask: as root the test can.
	return false, runAgain(t, exec.CommandContext(t.Context(), "sudo", append([]string{
		"-n", "env", "CI=true", builtBinary + "=" + binary, "PATH=" + os.Getenv("PATH"),
	}, again...)...))
}

// runAgain runs this test in another process and reports how it went; ran is false if it couldn't begin.
func runAgain(t *testing.T, cmd *exec.Cmd) (ran bool) {
	t.Helper()
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err != nil && !errors.As(err, &exit), exit != nil && !strings.Contains(string(out), "--- FAIL: "+t.Name()):
		t.Logf("no process of its own for this test: %v %s", err, out)
		return false
	case exit != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()):
		t.Errorf("in a process of its own: %v\n%s", err, out)
	default:
		t.Logf("in a process of its own:\n%s", out)
	}
	return true
}

// loopbackOnly makes the test run where there is no network but the loopback: then no request can leave it. Where
// that can't be had, the program's proxies, which lead nowhere, must do.
func loopbackOnly(t *testing.T) (goOn bool) {
	t.Helper()
	inside, possible := inNamespace(t, syscall.CLONE_NEWNET, loopbackUp)
	return inside || !possible
}

// loopbackUp is `ip link set lo up`: a new network has a loopback that is down.
func loopbackUp() error {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	request := struct { // struct ifreq
		name  [syscall.IFNAMSIZ]byte
		flags uint16
		_     [22]byte
	}{flags: syscall.IFF_UP | syscall.IFF_RUNNING}
	copy(request.name[:], "lo")
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.SIOCSIFFLAGS, uintptr(unsafe.Pointer(&request)))
	if errno != 0 {
		return errno
	}
	return nil
}

// smallDisk makes the test run where dir is a disk of its own with so many bytes. Nobody else sees it, and it goes
// with the process.
func smallDisk(t *testing.T, dir string, bytes int64) (inside, possible bool) {
	t.Helper()
	return inNamespace(t, syscall.CLONE_NEWNS, func() error {
		if err := syscall.Mount("none", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
			return err
		}
		return syscall.Mount("none", dir, "tmpfs", 0, fmt.Sprintf("size=%d", bytes))
	})
}

// enlarge gives the small disk more room.
func enlarge(dir string, bytes int64) error {
	return syscall.Mount("none", dir, "tmpfs", syscall.MS_REMOUNT, fmt.Sprintf("size=%d", bytes))
}

func unmount(dir string) error { return syscall.Unmount(dir, syscall.MNT_DETACH) }
