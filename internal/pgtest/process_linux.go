package pgtest

import (
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

const nobody = 65534

// credentials are the server's: nobody's instead of root's. It dies with the test binary, even a killed one.
func credentials() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() == 0 {
		attr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	return attr
}

// hand gives the directory to who the server runs as.
func hand(dir string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	return os.Chown(dir, nobody, nobody)
}

// run starts the server and sends what it ended with. The death signal is bound to the thread that started it, so
// that thread waits here until the end.
func run(server *exec.Cmd, ended chan<- error) error {
	result := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := server.Start()
		result <- err
		if err == nil {
			ended <- server.Wait()
		}
	}()
	return <-result
}
