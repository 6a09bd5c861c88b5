package main

import "context"

type serveCmd struct {
	settings
	Addr string `placeholder:"HOST:PORT" help:"where to serve (MUSETTE_ADDR)"`
}

func (serveCmd) Help() string {
	return `musette serve
musette serve --addr :8080 --data /var/lib/musette
musette serve --print-config`
}

func (c *serveCmd) given() map[string]string {
	given := c.settings.given()
	given["MUSETTE_ADDR"] = c.Addr
	return given
}

func (c *serveCmd) Run(context.Context, *app) error {
	return failed("", "serving is not wired yet")
}
