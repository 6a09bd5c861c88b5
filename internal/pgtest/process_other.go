//go:build !linux

package pgtest

import (
	"os/exec"
	"syscall"
)

func credentials() *syscall.SysProcAttr { return nil }

func hand(string) error { return nil }

// run starts the server and sends what it ended with.
func run(server *exec.Cmd, ended chan<- error) error {
	if err := server.Start(); err != nil {
		return err
	}
	go func() { ended <- server.Wait() }()
	return nil
}
