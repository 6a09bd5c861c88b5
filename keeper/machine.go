package keeper

import (
	"bytes"
	"os"
	"sync"

	"musette/quota"
)

// bootID is what Linux calls one run of a machine, from its start to its end, the same for all containers on it.
const bootID = "/proc/sys/kernel/random/boot_id"

// here is the machine that this process runs on.
var here = sync.OnceValue(func() quota.Machine {
	m := quota.Machine{Name: hostName()}
	id, err := os.ReadFile(bootID)
	if m.ID = string(bytes.TrimSpace(id)); err != nil || m.ID == "" {
		m.ID = m.Name
	}
	return m
})

func hostName() string {
	host, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return host
}
