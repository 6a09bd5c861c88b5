package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	"musette/store"
	"musette/web"
)

type loginCmd struct {
	settings
}

func (loginCmd) Help() string {
	return `musette login
ssh server musette login   and open the link at home; MUSETTE_URL says under which address`
}

func (c *loginCmd) Run(ctx context.Context, a *app) error {
	st, err := a.existingStore(ctx)
	if err != nil {
		return err
	}
	address, err := a.serverAddress(ctx, st)
	if err != nil {
		return err
	}
	link, err := a.loginLink(ctx, st, address)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(a.out, link); err != nil {
		return err
	}
	a.say("this link opens the page as its owner, once, within an hour, while `musette serve` runs")
	return nil
}

// loginLink makes a one-time link that signs in as the operator, to a server's address.
func (a *app) loginLink(ctx context.Context, st *store.Store, address string) (string, error) {
	code, err := web.NewCode(ctx, st, a.now())
	if err != nil {
		return "", err
	}
	return address + "/login?code=" + code, nil
}

// address is where a browser reaches the server: MUSETTE_URL, or what can be told from MUSETTE_ADDR.
func (c *config) address() string {
	if c.PublicURL != "" {
		return c.PublicURL
	}
	return "http://" + reachable(c.Addr)
}

// reachable turns "every network" into this machine: nobody can open http://0.0.0.0.
func reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}
