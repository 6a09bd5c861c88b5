package main

import "context"

type demoCmd struct {
	Port       int    `default:"8080" placeholder:"N" help:"the port on 127.0.0.1; 0 for any free one"`
	Activities int    `default:"60" placeholder:"N" help:"how many activities the athlete has"`
	Data       string `placeholder:"DIR" help:"keep the data here; else in a temporary directory, gone afterwards"`
	Public     bool   `help:"show what strangers would see"`
}

func (demoCmd) Help() string {
	return `musette demo
musette demo --activities 450 --port 9000`
}

func (c *demoCmd) Run(context.Context, *app) error {
	return failed("", "the demo is not wired yet")
}
